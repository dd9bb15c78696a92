"""Keys are read where they are kept, each time, and shown to nobody."""

from pathlib import Path

import pytest

from service.core.reasons import Reason
from service.integrations import BadAnswerError, BaseIntegration, OllamaIntegration
from service.integrations.credentials import Credential
from service.integrations.probe import probe
from service.settings import OllamaSettings
from tests.conftest import MakeUpstream
from tests.fakes import CannedIntegration, ollama_answers


def test_a_key_is_read_anew_each_time(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("first\n")
    credential = Credential(file=path)
    assert credential.read() == "first"
    path.write_text("second\n")
    assert credential.read() == "second"


def test_a_key_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_KEY", " canary ")
    assert Credential.named("THE_KEY", None) is not None
    assert Credential(env="THE_KEY").read() == "canary"


def test_without_a_place_to_read_it_from_there_is_none() -> None:
    assert Credential.named(None, None) is None


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"two\nlines", b"\xff\xfe", "schl\u00fcssel".encode()]
)
def test_what_can_be_no_key_is_refused_and_not_shown(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    with pytest.raises(BadAnswerError) as caught:
        Credential(file=path).read()
    assert str(caught.value) == "unauthorized"


def test_a_missing_file_is_a_missing_key(tmp_path: Path) -> None:
    with pytest.raises(BadAnswerError):
        Credential(file=tmp_path / "nothing").read()


def test_it_prints_as_stars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_KEY", "canary")
    assert repr(Credential(env="THE_KEY")) == str(Credential(env="THE_KEY")) == "Credential(***)"


async def test_the_key_of_the_settings_is_sent_as_a_bearer(
    fake_upstream: MakeUpstream, tmp_path: Path
) -> None:
    upstream = await fake_upstream(ollama_answers())
    path = tmp_path / "key"
    path.write_text("canary")
    settings = OllamaSettings(
        name="o", type="ollama", host=upstream.url, api_key_file=str(path), cli_fallback="off"
    )
    async with OllamaIntegration.configured(settings, timeout=2) as integration:
        await integration.get_models()
    assert {request.headers["authorization"] for request in upstream.requests} == {"Bearer canary"}


async def test_a_missing_key_is_our_own_fault_and_asks_nothing(
    fake_upstream: MakeUpstream, tmp_path: Path
) -> None:
    upstream = await fake_upstream(ollama_answers())
    credential = Credential(file=tmp_path / "nothing")
    async with OllamaIntegration(upstream.url, 2, credential=credential) as integration:
        outcome = await probe(integration, deadline=2)
    assert getattr(outcome, "reason", None) is Reason.UNAUTHORIZED
    assert upstream.requests == []


def test_a_host_that_can_not_be_read_names_the_integration() -> None:
    settings = OllamaSettings(name="one", type="ollama", host="http://h:0")
    with pytest.raises(ValueError, match=r"^integrations\.one\.host: expected a host"):
        OllamaIntegration.configured(settings, timeout=1)


def test_one_that_only_programs_make_can_not_be_configured() -> None:
    settings = OllamaSettings(name="one", type="ollama")
    assert CannedIntegration.configured.__func__ is BaseIntegration.configured.__func__  # type: ignore[attr-defined]
    with pytest.raises(TypeError, match="CannedIntegration can't be made from 'one'"):
        CannedIntegration.configured(settings, timeout=1)


def test_its_mark_changes_with_the_key_and_tells_nothing_of_it(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("canary")
    credential = Credential(file=path)
    first = credential.mark()
    assert credential.mark() == first
    path.write_text("rotated")
    assert credential.mark() != first
    assert "canary" not in first


def test_an_integration_without_a_key_has_nothing_to_mark() -> None:
    assert OllamaIntegration("h").mark() is None
    assert OllamaIntegration("h", credential=Credential(env="THE_KEY")).mark() is not None
