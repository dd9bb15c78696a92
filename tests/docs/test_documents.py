"""The documents can't drift from the program."""

import re
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import generate_latest

from service.core.health import State
from service.core.reading import Answer, Reading
from service.core.reasons import Reason
from service.integrations import BaseIntegration, IntegrationManager
from service.observability.metrics import Metrics
from service.settings import Settings
from tests.conftest import MakeUpstream
from tests.fakes import ollama_answers

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SOURCES = sorted((ROOT / "service").rglob("*.py"))
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


def read(name: str) -> str:
    return (DOCS / name).read_text()


def python_blocks(text: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def events() -> list[str]:
    """Find the names of everything that is ever logged."""
    found = {
        name
        for source in SOURCES
        for name in re.findall(
            r"(?:_log|log)\.\w+\(\s*(?:min\(.*\),\s*)?\"(\w+\.\w+)\"", source.read_text()
        )
    }
    telemetry = (ROOT / "service/observability/telemetry.py").read_text()
    return sorted(found | set(re.findall(r'say\(\s*"(\w+\.\w+)"', telemetry)))


DEBUG_ONLY = {"integration.polled", "poll.discarded", "request.malformed"}


@pytest.mark.parametrize("event", [name for name in events() if name not in DEBUG_ONLY])
def test_every_log_event_is_documented(event: str) -> None:
    assert f"`{event}`" in read("observability.md")


def test_the_events_were_found() -> None:
    assert {"server.draining", "integration.still_failing", "library.logged"} <= set(events())


@pytest.mark.parametrize("word", [*map(str, Reason), *map(str, State)])
def test_every_reason_and_state_is_documented(word: str) -> None:
    assert f"`{word}`" in read("api.md")


def test_every_metric_is_documented() -> None:
    metrics = Metrics(version="1")
    metrics.polled(Reading(name="a"), Answer(models=(), latency=0.1))
    metrics.answered("/", 200)
    metrics.died("task")
    app = (ROOT / "service/app.py").read_text()
    ours = set(re.findall(r'"(rollcall_\w+)"', app))
    for line in generate_latest(metrics.registry).decode().splitlines():
        if line.startswith("# TYPE rollcall_") and "_created" not in line:
            ours.add(line.split()[2])
    assert len(ours) > 10
    documented = set(re.findall(r"`(rollcall_\w+)`", read("observability.md")))
    assert documented == ours


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{p.name}" for p in DOCS.glob("*.md"))])
def test_links_lead_somewhere(page: str) -> None:
    folder = (ROOT / page).parent
    local = [link for link in LINK.findall((ROOT / page).read_text()) if "://" not in link]
    assert [link for link in local if not (folder / link).exists()] == []


async def test_the_library_example_runs_as_it_stands(
    fake_upstream: MakeUpstream, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only the address is another one; whoever reads it may have no Ollama on its usual port."""
    upstream = await fake_upstream(ollama_answers())
    example = python_blocks(read("library.md"))[0]
    example = example.replace("http://localhost:11434", upstream.url)
    scope: dict[str, Any] = {}
    exec(example.replace("asyncio.run(main())", ""), scope)  # noqa: S102 -- our own document
    await scope["main"]()
    assert capsys.readouterr().out.count("qwen3:8b") == 2


async def test_the_integration_of_the_library_page_works_everywhere() -> None:
    scope: dict[str, Any] = {}
    exec(python_blocks(read("library.md"))[1], scope)  # noqa: S102 -- our own document
    shelf: BaseIntegration = scope["Shelf"]()
    async with IntegrationManager() as manager:
        manager.add_integration("shelf", shelf)
        [model] = await manager.get_all_models()
        assert (model["id"], model["supports_agent"]) == ("house-model:1b", True)
        assert (await manager.health_check())["shelf"]["status"] == "healthy"


def test_the_readme_names_both_commands_and_fits_a_screen() -> None:
    text = (ROOT / "README.md").read_text()
    assert "make run" in text
    assert "make test" in text
    assert len(text.splitlines()) <= 75


def test_ci_runs_the_command_of_the_readme() -> None:
    ci = (ROOT / ".ci/run").read_text()
    assert ci.index("make test") < ci.index("make check") < ci.index("make e2e")


@pytest.mark.parametrize("section", Settings.model_fields)
def test_every_section_of_the_settings_is_documented(section: str) -> None:
    assert f"`{section}" in read("settings.md")
