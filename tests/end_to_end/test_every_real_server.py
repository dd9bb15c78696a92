"""All real servers at once, in one run of the service: each is there, is killed, and comes back."""

import asyncio
import json
import secrets
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.conftest import Aimock, running
from tests.end_to_end.litellm_proxy import LiteLLMProxy
from tests.end_to_end.llama_server import LlamaServer, write_gguf
from tests.end_to_end.real_server import RealServer
from tests.service_process import ServiceProcess

FAST = {"interval": 1.0, "timeout": 0.9}
SLOW = {"interval": 3.0, "timeout": 2.5}
"""For LiteLLM, which now and then is away for seconds on a busy machine; that is no outage."""
SOON = 2 * SLOW["interval"]
BACK_WITHIN = 60.0
MOCKED = ["mock-chat:7b", "mock-embed:latest"]
PROXIED = ["proxied-a", "proxied-b"]
TINY = "tiny-llama"
SERVED_BY = {
    "aimock": {"mock-ollama", "mock-openai", "mock-auto"},
    "litellm": {"proxy-auto", "proxy-openai", "proxy-anthropic"},
    "llama": {"llama"},
}
REFUSED = {"proxy-wrong-key", "proxy-no-key"}
SLOW_TO_LOAD = 2_000_000


class Keys:
    """The key that the proxy takes and one that it does not, each in a file."""

    def __init__(self, folder: Path) -> None:
        self.right, self.wrong = (f"sk-{secrets.token_hex(16)}" for _ in range(2))
        self.right_file, self.wrong_file = folder / "right.key", folder / "wrong.key"
        self.right_file.write_text(self.right)
        self.wrong_file.write_text(self.wrong)


class Fleet:
    """Three servers, and the settings of all integrations that ask them."""

    def __init__(
        self, aimock: Aimock, litellm: LiteLLMProxy, llama: LlamaServer, *, slow_to_load: Path
    ) -> None:
        self.aimock, self.litellm, self.llama = aimock, litellm, llama
        self.slow_to_load = slow_to_load
        """A model that keeps llama.cpp loading for a while."""

    def settings(self, keys: Keys) -> dict[str, Any]:
        compatible = {"type": "openai-compatible"}
        mock: dict[str, Any] = {"base_url": f"{self.aimock.url}/v1"}
        proxy: dict[str, Any] = SLOW | {"base_url": f"{self.litellm.url}/v1"}
        right = {"api_key_file": str(keys.right_file)}
        asked: dict[str, dict[str, Any]] = {
            "mock-ollama": {"type": "ollama", "host": self.aimock.url, "cli_fallback": "off"},
            "mock-openai": compatible | mock | {"engine": "generic"},
            "mock-auto": compatible | mock,
            "proxy-auto": compatible | proxy | right,
            "proxy-openai": {"type": "openai"} | proxy | right,
            "proxy-anthropic": {"type": "anthropic"} | proxy | right,
            "proxy-wrong-key": compatible | proxy | {"api_key_file": str(keys.wrong_file)},
            "proxy-no-key": compatible | proxy,
            "llama": compatible | {"base_url": f"{self.llama.url}/v1"},
        }
        return {
            "polling": FAST,
            "log": {"level": "debug"},
            "integrations": [{"name": name} | rest for name, rest in asked.items()],
        }


@asynccontextmanager
async def fleet(folder: Path, aimock: Aimock, key: str) -> AsyncIterator[Fleet]:
    """Start all servers at once; what the test has started again is ended with them."""
    litellm = LiteLLMProxy(folder, PROXIED, key=key)
    llama = LlamaServer(await write_gguf(folder / "tiny.gguf", merges=1), alias=TINY)
    async with AsyncExitStack() as stack:
        for server in (litellm, llama):
            stack.push_async_callback(server.kill)
        slow_to_load, _ = await asyncio.gather(
            write_gguf(folder / "slow.gguf", merges=SLOW_TO_LOAD),
            asyncio.gather(*(server.start() for server in (aimock, litellm, llama))),
        )
        yield Fleet(aimock, litellm, llama, slow_to_load=slow_to_load)


class Watch:
    """Asks for the list all the time: it is always there, and always whole."""

    def __init__(self, service: ServiceProcess) -> None:
        self._service = service
        self.wrong: list[str] = []
        self.looks = 0

    @asynccontextmanager
    async def on(self) -> AsyncIterator[None]:
        watching = asyncio.create_task(self._run(), name="watch")
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.wait({watching})
        assert not self.wrong, self.wrong
        assert self.looks > 100

    async def _run(self) -> None:
        while True:
            status, _, body = await self._service.get("/v1/models")
            self.looks += 1
            listed = ids(json.loads(body)) if status == 200 else set()
            if listed != set(MOCKED) | set(PROXIED) | {TINY}:
                self.wrong.append(f"{status}: {sorted(listed)}")
            await asyncio.sleep(0.05)


def ids(listed: Any) -> set[str]:
    return {model["id"] for model in listed["data"]}


def turns(service: ServiceProcess, name: str) -> list[str]:
    """List the states that an integration has turned to, oldest first."""
    logged = service.logged("integration.status_changed")
    return [line["now"] for line in logged if line["integration"] == name]


async def until_all(service: ServiceProcess, names: set[str], state: str, within: float) -> None:
    def holds(_: int, body: dict[str, Any]) -> bool:
        return {body[name]["status"] for name in names} == {state}

    await service.until("/v1/integrations/health", holds, within=within)


async def killed_and_back(
    service: ServiceProcess,
    server: RealServer,
    *,
    names: set[str],
    restart: Callable[[], Any] | None = None,
) -> None:
    """Kill ``server`` and start it again: those who ask it notice, and nobody else does."""
    others = set().union(*SERVED_BY.values()) - names
    before = {name: turns(service, name) for name in others | names}
    await server.kill()
    await until_all(service, names, "unhealthy", within=30)
    await until_all(service, others, "healthy", within=SOON)
    listed = await service.json("/v1/models")
    for model in listed["data"]:
        assert model["available"] is names.isdisjoint(model["integrations"]), model["id"]
    await (restart or server.start)()
    await until_all(service, names, "healthy", within=BACK_WITHIN)
    for name in names:
        assert turns(service, name)[len(before[name]) :][-2:] == ["recovering", "healthy"]
    assert {name: turns(service, name) for name in others} == {
        name: before[name] for name in others
    }


async def checked(url: str, *options: str) -> dict[str, Any]:
    """Have ``rollcall check`` look at one URL with no configuration, and give what it found."""
    command = (sys.executable, "-m", "service", "check", "--json", url, *options)
    async with running(*command) as process:
        printed = (await process.communicate())[0]
    [found] = json.loads(printed)["servers"]
    assert isinstance(found, dict)
    return found


async def everything_said(service: ServiceProcess) -> str:
    """Gather all that was logged and all that is served."""
    paths = [f"/v1/models/{name}" for name in (*MOCKED, *PROXIED, TINY)]
    for name in set().union(REFUSED, *SERVED_BY.values()):
        paths += [f"/v1/integrations/{name}", f"/v1/integrations/{name}/health"]
    paths += ["/v1/models", "/v1/integrations", "/v1/integrations/health", "/metrics", "/readyz"]
    served = []
    for path in paths:
        status, headers, body = await service.get(path)
        assert status in (200, 503), path
        served.append(f"{dict(headers)} {body.decode()}")
    return json.dumps(service.lines) + "".join(served)


@pytest.mark.timeout(240)
async def test_every_real_server_in_one_run(
    tmp_path: Path, aimock: Callable[[list[str]], Aimock]
) -> None:
    keys = Keys(tmp_path)
    async with (
        fleet(tmp_path, aimock(MOCKED), keys.right) as servers,
        ServiceProcess(tmp_path, servers.settings(keys)) as service,
    ):
        well = set().union(*SERVED_BY.values())
        await until_all(service, well, "healthy", within=SOON)
        await until_all(service, REFUSED, "misconfigured", within=SOON)
        await it_lists_what_is_there(service)
        await it_says_what_llama_cpp_says(service)
        await it_names_the_engines(servers, keys)

        watch = Watch(service)
        async with watch.on():
            await its_etag_holds(service, seconds=15)
            assert all(turns(service, name) == ["healthy"] for name in well)
            assert all(turns(service, name) == ["misconfigured"] for name in REFUSED)

            await killed_and_back(service, servers.aimock, names=SERVED_BY["aimock"])
            await killed_and_back(service, servers.litellm, names=SERVED_BY["litellm"])
            servers.llama.model = servers.slow_to_load
            await killed_and_back(
                service, servers.llama, names=SERVED_BY["llama"], restart=servers.llama.launch
            )
            assert "loading" in turns(service, "llama")

            # A key that was put right on disk needs no restart.
            keys.wrong_file.write_text(keys.right)
            await until_all(service, {"proxy-wrong-key"}, "healthy", within=15)

        said = await everything_said(service)
        assert "proxy-wrong-key" in said
        assert keys.right not in said
        assert keys.wrong not in said
        assert str(tmp_path) not in said  # where llama.cpp says that its model lies

        service.terminate()
        assert await service.exit_code(within=20) == 0


async def it_lists_what_is_there(service: ServiceProcess) -> None:
    listed = {model["id"]: model for model in (await service.json("/v1/models"))["data"]}
    assert set(listed) == {*MOCKED, *PROXIED, TINY}
    for server, names in (("aimock", MOCKED), ("litellm", PROXIED), ("llama", [TINY])):
        for name in names:
            assert set(listed[name]["integrations"]) == SERVED_BY[server]
            assert listed[name]["available"] is True
            assert listed[name]["freshness"] == "fresh"


async def it_says_what_llama_cpp_says(service: ServiceProcess) -> None:
    model = await service.json(f"/v1/models/{TINY}")
    assert model["details"] == {
        "size": "461KB",
        "family": "llama",
        "parameter_size": "115K",
        "quantization_level": "F32",
        "format": "gguf",
        "context_length": 512,
    }
    assert model["provenance"]["details.context_length"] == "declared"
    assert model["created"] == 0, "it stamps the time of the request"
    assert model["capabilities"]["vision"] is False
    there = model["per_integration"]["llama"]
    assert (there["state"], there["loaded_context_length"]) == ("loaded", 256)
    shown = await service.json("/v1/integrations/llama")
    assert shown["version"], "only what knows llama.cpp finds its version"


async def it_names_the_engines(servers: Fleet, keys: Keys) -> None:
    assert (await checked(servers.llama.url))["engine"] == "llamacpp"
    key = ("--api-key-file", str(keys.right_file))
    assert (await checked(f"{servers.litellm.url}/v1", *key))["engine"] == "litellm"


async def its_etag_holds(service: ServiceProcess, *, seconds: int) -> None:
    """Servers stamp "now" on every answer; the ETag stays while the models do."""
    seen: dict[str, str] = {}
    for _ in range(seconds + 1):
        _, headers, body = await service.get("/v1/models")
        seen.setdefault(headers["ETag"], body.decode())
        await asyncio.sleep(1)
    assert len(seen) == 1, "\n".join(seen.values())
