"""The service as a process of its own: starting, stopping, and what it says meanwhile."""

import asyncio
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import MakeUpstream
from tests.fakes import FakeUpstream, Hang, ollama_answers
from tests.service_process import ServiceProcess

PLAIN_ASYNCIO = (
    sys.executable,
    "-c",
    "import sys; sys.modules['uvloop'] = None\nfrom service.cli import main; sys.exit(main())",
)
UVLOOP = (sys.executable, "-m", "service")
CANARY = "canary-5f2c"


def settings(upstream: FakeUpstream, **more: Any) -> dict[str, Any]:
    """Poll one replayed Ollama."""
    return {
        "server": {"drain_delay": 0, "shutdown_timeout": 2},
        "integrations": [
            {"name": "ollama", "type": "ollama", "host": upstream.url, "cli_fallback": "off"}
        ],
        **more,
    }


@pytest.mark.parametrize("command", [UVLOOP, PLAIN_ASYNCIO], ids=["uvloop", "asyncio"])
async def test_it_serves_the_catalogue_and_leaves_with_0(
    tmp_path: Path, fake_upstream: MakeUpstream, command: tuple[str, ...]
) -> None:
    upstream = await fake_upstream(ollama_answers())
    async with ServiceProcess(tmp_path, settings(upstream), command=command) as service:
        await service.until("/readyz", lambda status, _: status == 200, within=5)
        assert len((await service.json("/v1/models"))["data"]) == 13
        service.terminate()
        assert await service.exit_code(within=5) == 0
    assert [line["event"] for line in service.lines] == [
        "integration.registered",
        "server.listening",
        "integration.status_changed",
        "server.draining",
        "server.stopped",
    ]


async def test_sigterm_turns_readiness_first_and_serves_until_the_drain_is_over(
    tmp_path: Path, fake_upstream: MakeUpstream
) -> None:
    upstream = await fake_upstream(ollama_answers())
    drained = settings(upstream, server={"drain_delay": 1.5})
    async with ServiceProcess(tmp_path, drained) as service:
        await service.until("/readyz", lambda status, _: status == 200, within=5)
        service.terminate()
        await service.until("/readyz", lambda status, _: status == 503, within=1)
        status, headers, _ = await service.get("/v1/models")
        assert (status, headers["Connection"]) == (200, "close")
        assert (await service.get("/livez"))[0] == 200
        assert (await service.get("/v1/integrations/health"))[0] == 503
        assert await service.exit_code(within=5) == 0


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
async def test_a_second_signal_ends_the_drain_at_once(
    tmp_path: Path, fake_upstream: MakeUpstream, second: signal.Signals
) -> None:
    upstream = await fake_upstream(ollama_answers())
    drained = settings(upstream, server={"drain_delay": 60})
    async with ServiceProcess(tmp_path, drained) as service:
        await service.until("/readyz", lambda status, _: status == 200, within=5)
        service.terminate()
        await service.until("/readyz", lambda status, _: status == 503, within=1)
        service.process.send_signal(second)
        assert await service.exit_code(within=3) == 0


async def test_it_leaves_in_time_with_a_probe_in_flight_that_hangs(
    tmp_path: Path, fake_upstream: MakeUpstream
) -> None:
    upstream = await fake_upstream({"/api/tags": Hang()})
    async with ServiceProcess(
        tmp_path, settings(upstream, polling={"startup_grace": 0.2})
    ) as service:
        await service.until("/readyz", lambda status, _: status == 200, within=5)
        service.terminate()
        assert await service.exit_code(within=4) == 0
    assert service.logged("integration.status_changed") == []


async def test_nothing_known_is_503_until_the_grace_is_over_and_the_default_model_after_it(
    tmp_path: Path, fake_upstream: MakeUpstream
) -> None:
    upstream = await fake_upstream({"/api/tags": Hang()})
    async with ServiceProcess(
        tmp_path, settings(upstream, polling={"startup_grace": 1})
    ) as service:
        status, headers, _ = await service.get("/v1/models")
        assert (status, headers["Retry-After"]) == (503, "1")
        await service.until("/readyz", lambda status, _: status == 200, within=3)
        [default] = (await service.json("/v1/models"))["data"]
        assert default["id"] == "deepcoder:14b"
        assert (default["freshness"], default["available"]) == ("default", False)


async def test_a_taken_port_is_said_in_a_line_and_ends_with_2(
    tmp_path: Path, fake_upstream: MakeUpstream
) -> None:
    upstream = await fake_upstream(ollama_answers())
    service = ServiceProcess(tmp_path, settings(upstream, server={"port": upstream.port}))
    with pytest.raises(RuntimeError):
        await service.start()
    assert await service.exit_code(within=5) == 2
    said = [line["text"] for line in service.lines if "text" in line]
    assert said == [
        f"server.port: can't listen on 127.0.0.1:{upstream.port}: Address already in use\n"
    ]


async def test_no_secret_and_no_upstream_address_is_in_anything_shown(
    tmp_path: Path, fake_upstream: MakeUpstream
) -> None:
    """A key, a header and the address, through success, failure and a rejected key, at debug."""
    upstream = await fake_upstream(ollama_answers())
    config = settings(upstream, log={"level": "debug"}, polling={"interval": 1, "timeout": 0.5})
    [one] = config["integrations"]
    one |= {"api_key_env": "THE_KEY", "headers": {"X-Team": CANARY}}
    async with ServiceProcess(tmp_path, config, environ={"THE_KEY": CANARY}) as service:
        await service.until("/readyz", lambda status, _: status == 200, within=5)
        assert upstream.requests[0].headers["authorization"] == f"Bearer {CANARY}"
        await upstream.stop()
        await service.until(
            "/v1/integrations/health",
            lambda _, body: body["ollama"]["status"] == "unhealthy",
            within=10,
        )
        shown = b""
        for path in (
            *("/v1/models", "/v1/models/qwen3:8b", "/v1/integrations", "/v1/integrations/ollama"),
            *("/v1/integrations/health", "/metrics", "/version", "/docs", "/openapi.json", "/"),
            *("/readyz?verbose", "/livez?verbose", "/nothing/here", "/v1/models?nothing=1"),
        ):
            _, headers, body = await service.get(path)
            shown += body + str(headers).encode()
        service.terminate()
        assert await service.exit_code(within=5) == 0
    logged = "\n".join(str(line) for line in service.lines)
    assert service.logged("integration.still_failing"), "it logs at debug"
    for secret in (CANARY, upstream.url, f":{upstream.port}"):
        assert secret not in logged
        assert secret.encode() not in shown


async def test_two_at_once_do_not_disturb_each_other(
    tmp_path: Path, fake_upstream: MakeUpstream
) -> None:
    """Replicas agree: the same upstream gives the same bytes and the same ETag."""
    upstream = await fake_upstream(ollama_answers())
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    async with (
        ServiceProcess(tmp_path / "a", settings(upstream)) as first,
        ServiceProcess(tmp_path / "b", settings(upstream)) as second,
    ):
        for service in (first, second):
            await service.until("/readyz", lambda status, _: status == 200, within=5)
        answers = await asyncio.gather(first.get("/v1/models"), second.get("/v1/models"))
        assert answers[0][2] == answers[1][2]
        assert answers[0][1]["ETag"] == answers[1][1]["ETag"]
