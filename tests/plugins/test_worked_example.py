"""The example of ``docs/adding-an-integration.md``, installed as a package and run as it stands."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.conftest import MakeUpstream
from tests.fakes import Status
from tests.service_process import ServiceProcess

ROOT: Final = Path(__file__).parents[2]
EXAMPLE: Final = ROOT / "examples/rollcall-bookshelf"
PAGE: Final = (ROOT / "docs/adding-an-integration.md").read_text()
BOOKS: Final = {
    "books": [{"title": "poet:7b", "pages": 8192}, {"title": "clerk:1b"}, {"pages": 3}, "x"]
}
SETTINGS: Final = yaml.safe_load((EXAMPLE / "rollcall.yaml").read_text())


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the package, without the network."""
    folder: Path = tmp_path_factory.mktemp("site")
    offline = ("--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", *offline, "--target", folder, EXAMPLE],
        env={**os.environ, "PIP_CONFIG_FILE": os.devnull},
        check=True,
        timeout=25,
    )
    return folder


class Ran:
    """What a command said, and how it ended."""

    def __init__(self, code: int, out: bytes, err: bytes) -> None:
        self.code = code
        self.err = err.decode()
        self.said: dict[str, Any] = json.loads(out or b"{}")

    @property
    def models(self) -> dict[str, Any]:
        return {model["id"]: model for model in self.said["models"]}


async def check(
    site: Path,
    folder: Path,
    *integrations: Mapping[str, Any],
    command: tuple[str, ...] = ("check", "--json"),
    **environ: str,
) -> Ran:
    path = folder / "rollcall.yaml"
    path.write_text(yaml.safe_dump({"integrations": list(integrations)}))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "service", *command, "--config", str(path)),
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(site), **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return Ran(process.returncode or 0, out, err)


def shelf(url: str, **more: Any) -> dict[str, Any]:
    """Give the settings of the page, but for the address."""
    (entry,) = SETTINGS["integrations"]
    return {**entry, "options": {"url": url}, **more}


async def test_its_models_are_listed(
    site: Path, tmp_path: Path, fake_upstream: MakeUpstream
) -> None:
    upstream = await fake_upstream({"/books": BOOKS})
    ran = await check(site, tmp_path, shelf(upstream.url))
    assert (ran.code, ran.err) == (0, "")
    assert ran.said["integrations"]["shelf"]["status"] == "healthy"
    assert list(ran.models) == ["clerk:1b", "poet:7b"]
    assert ran.models["poet:7b"]["details"]["context_length"] == 8192
    assert ran.models["clerk:1b"]["details"]["context_length"] is None
    assert [(item.method, item.path) for item in upstream.requests] == [("GET", "/books")]


async def test_it_is_served_like_any_other(
    site: Path, tmp_path: Path, fake_upstream: MakeUpstream
) -> None:
    upstream = await fake_upstream({"/books": BOOKS})
    settings = {"integrations": [shelf(upstream.url)]}
    async with ServiceProcess(tmp_path, settings, environ={"PYTHONPATH": str(site)}) as service:
        await service.until("/v1/models/poet:7b", lambda status, _: status == 200, within=10)
        (told,) = (await service.json("/v1/integrations"))["data"]
        assert (told["name"], told["type"], told["models"]) == ("shelf", "bookshelf", 2)


async def test_its_key_comes_from_the_environment(
    site: Path, tmp_path: Path, fake_upstream: MakeUpstream
) -> None:
    upstream = await fake_upstream({"/books": BOOKS})
    await check(site, tmp_path, shelf(upstream.url, api_key_env="SHELF_KEY"), SHELF_KEY="hush")
    assert upstream.requests[0].headers["authorization"] == "Bearer hush"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        *((Status(401), "unauthorized"), (Status(500), "http_5xx"), (b"<html>", "bad_body")),
        *(({"books": None}, "bad_body"), ([], "bad_body")),
    ],
    ids=str,
)
async def test_what_is_wrong_with_it_is_told_and_costs_no_other(
    site: Path, tmp_path: Path, fake_upstream: MakeUpstream, answer: Any, reason: str
) -> None:
    upstream = await fake_upstream({"/books": answer})
    (tmp_path / "models.json").write_text('["steady:1b"]')
    steady = {"name": "steady", "type": "file", "path": str(tmp_path / "models.json")}
    ran = await check(site, tmp_path, shelf(upstream.url), steady)
    assert (ran.code, ran.err) == (1, "")
    assert ran.said["integrations"]["shelf"]["reason"] == reason
    assert ran.said["integrations"]["steady"]["status"] == "healthy"
    assert list(ran.models) == ["steady:1b"]


@pytest.mark.parametrize("command", [("check", "--json"), ("serve",)])
async def test_options_that_are_no_use_are_explained(
    site: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    ran = await check(site, tmp_path, shelf("localhost:7000"), command=command)
    said = "url: expected where the bookshelf is, such as http://shelf:7000"
    assert (ran.code, ran.err) == (2, f"integrations.shelf.options: {said}\n")


async def test_without_the_package_the_type_is_unknown(tmp_path: Path) -> None:
    ran = await check(tmp_path, tmp_path, shelf("http://localhost:7000"))
    assert ran.code == 2
    assert ran.err.startswith("integrations[0].type: expected one of ollama, ")
    assert ran.err.endswith("found 'bookshelf'\n")


@pytest.mark.parametrize(
    ("language", "name"),
    [("python", "rollcall_bookshelf.py"), ("toml", "pyproject.toml"), ("yaml", "rollcall.yaml")],
)
def test_the_page_shows_the_very_files(language: str, name: str) -> None:
    (block,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert block == (EXAMPLE / name).read_text()


def test_the_page_shows_how_to_install_what_the_tests_install() -> None:
    assert f"pip install ./{EXAMPLE.relative_to(ROOT)}" in PAGE


@pytest.mark.parametrize("place", re.findall(r"`((?:service|tests)/[a-z_/.]+)`", PAGE))
def test_the_places_that_the_page_names_are_there(place: str) -> None:
    assert (ROOT / place).exists()
