"""First contact: who answers at an address, and if nobody does, exactly why."""

import socket
from typing import Any

import pytest

from service.integrations import AnthropicIntegration, Credential
from service.integrations.first_contact import Cause, Contact, first_contact, meeting
from tests.cli.servers import LOADING, UNAUTHORIZED, ollama, plain, vllm
from tests.conftest import MakeUpstream
from tests.fakes import FakeUpstream, Hang, Raw, Request, Reset, Status, fixture

PAGE = Status(200, b"<!DOCTYPE html><html><body>Chat</body></html>", {"Content-Type": "text/html"})
EVERYWHERE = ("/v1/models", "/", "/api/version")
KEY = "canary-9c1f"


def cause(contact: Contact) -> Cause | None:
    return None if contact.finding is None else contact.finding.cause


def text(contact: Contact) -> str:
    assert contact.finding is not None
    return contact.finding.text


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> Credential:
    monkeypatch.setenv("A_KEY", KEY)
    return Credential(env="A_KEY")


@pytest.mark.parametrize("form", ["{url}", "{url}/", "127.0.0.1:{port}", ":{port}", "{url}/v1"])
async def test_ollama_is_met_by_its_own_api_whatever_the_form(
    fake_upstream: MakeUpstream, form: str
) -> None:
    upstream = await fake_upstream(ollama())
    contact = await first_contact(form.format(url=upstream.url, port=upstream.port))
    assert (contact.engine, contact.version, len(contact.models)) == ("ollama", "0.12.6", 13)
    assert contact.settings == {"type": "ollama", "host": upstream.url}
    assert contact.finding is None


async def test_ollama_is_met_behind_a_proxy_that_lets_only_its_api_through(
    fake_upstream: MakeUpstream,
) -> None:
    answers = {f"/ollama{path}": ollama()[path] for path in ("/api/tags", "/api/version")}
    upstream = await fake_upstream(answers)
    contact = await first_contact(f"{upstream.url}/ollama")
    assert (contact.engine, contact.url) == ("ollama", f"{upstream.url}/ollama")


async def test_an_address_of_ipv6_is_understood(fake_upstream: MakeUpstream) -> None:
    """Nothing listens there: the port is only kept for IPv4."""
    port = (await fake_upstream({})).port
    contact = await first_contact(f"[::1]:{port}")
    assert (contact.url, cause(contact)) == (f"http://[::1]:{port}", Cause.REFUSED)


@pytest.mark.parametrize(
    ("answers", "engine", "models"),
    [
        (vllm(), "vllm", 2),
        ({"/v1/models": fixture("llamacpp/models.json")}, "llamacpp", 1),
        (plain("a", "b"), "generic", 2),
    ],
)
async def test_an_engine_is_named(
    fake_upstream: MakeUpstream, answers: dict[str, Any], engine: str, models: int
) -> None:
    upstream = await fake_upstream(answers)
    contact = await first_contact(f"127.0.0.1:{upstream.port}")
    assert (contact.engine, len(contact.models)) == (engine, models)
    assert contact.settings["base_url"] == f"{upstream.url}/v1"
    assert contact.settings.get("engine", "generic") == engine


async def test_one_that_imitates_ollama_is_not_taken_for_it(fake_upstream: MakeUpstream) -> None:
    """LocalAI and KoboldCpp answer Ollama's API too, and do not say hello as it does."""
    imitation = {**vllm(), "/api/version": {"version": "0.9.0"}, "/api/tags": {"models": []}}
    upstream = await fake_upstream(imitation)
    assert (await first_contact(upstream.url)).engine == "vllm"


async def test_rollcall_itself_is_named(fake_upstream: MakeUpstream) -> None:
    upstream = await fake_upstream(
        {
            "/v1/models": Status(200, plain("a")["/v1/models"], {"Server": "rollcall"}),
            "/version": {"service": "rollcall", "version": "1.2.3"},
        }
    )
    contact = await first_contact(upstream.url)
    assert (contact.engine, contact.version) == ("rollcall", "1.2.3")


async def test_a_hosted_service_is_asked_as_it_wants(
    fake_upstream: MakeUpstream, key: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream = await fake_upstream({"/v1/models": fixture("anthropic/models.json")})
    hosted = (AnthropicIntegration, {"anthropic-version": "2023-06-01"})
    monkeypatch.setattr(meeting, "_HOSTED", {"127.0.0.1": hosted})
    contact = await first_contact(upstream.url, credential=key)
    assert (contact.engine, contact.settings["type"]) == ("anthropic", "anthropic")
    asked = upstream.asked("/v1/models")
    assert {request.headers["x-api-key"] for request in asked} == {KEY}
    assert {request.headers["anthropic-version"] for request in asked} == {"2023-06-01"}


@pytest.mark.parametrize(
    ("answers", "found", "words"),
    [
        ({}, Cause.WRONG_PATH, "GET /v1/models is not there (404), nor at"),
        ({"/v1/models": UNAUTHORIZED}, Cause.KEY_MISSING, "--api-key-env NAME or"),
        ({"/v1/models": Status(400, {"error": "Invalid API key"})}, Cause.KEY_MISSING, "(400)"),
        ({"/v1/models": Status(403)}, Cause.FORBIDDEN, "does not say why"),
        ({"/v1/models": PAGE, "/": PAGE}, Cause.WEB_PAGE, "a web page, not a list"),
        ({"/v1/models": {"hello": "world"}}, Cause.NOT_A_LIST, "no list of models"),
        ({"/v1/models": {"data": [{"no": "id"}]}}, Cause.UNUSABLE_LIST, "no usable id"),
        ({"/v1/models": LOADING}, Cause.LOADING, "still loading a model (503)"),
        ({"/v1/models": Status(429)}, Cause.RATE_LIMITED, "asked too often"),
        ({"/v1/models": Status(502)}, Cause.SERVER_ERROR, "the server behind it does not"),
        ({"/v1/models": Status(500)}, Cause.SERVER_ERROR, "its own log says why"),
        ({"/v1/models": Status(418)}, Cause.BAD_STATUS, "the status 418"),
        (dict.fromkeys(EVERYWHERE, Raw(b"SSH-2.0-x\r\n")), Cause.NOT_HTTP, "does not speak HTTP"),
        (dict.fromkeys(EVERYWHERE, Reset()), Cause.RESET, "closed it without an answer"),
    ],
)
async def test_each_cause_has_its_name_and_its_words(
    fake_upstream: MakeUpstream, answers: dict[str, Any], found: Cause, words: str
) -> None:
    upstream = await fake_upstream(answers)
    contact = await first_contact(upstream.url)
    assert not contact.well
    assert cause(contact) is found
    assert words in text(contact)


async def test_a_server_without_models_is_well_and_says_so(fake_upstream: MakeUpstream) -> None:
    upstream = await fake_upstream({"/v1/models": {"object": "list", "data": None}})
    contact = await first_contact(upstream.url)
    assert contact.well
    assert cause(contact) is Cause.NO_MODELS


async def test_one_that_hangs_is_late(fake_upstream: MakeUpstream) -> None:
    upstream = await fake_upstream(dict.fromkeys(EVERYWHERE, Hang()))
    contact = await first_contact(upstream.url, within=0.1)
    assert cause(contact) is Cause.TIMEOUT
    assert "GET /v1/models within 0.1 s" in text(contact)


async def test_a_list_is_taken_though_all_else_hangs(fake_upstream: MakeUpstream) -> None:
    upstream = await fake_upstream({**plain("a"), "/": Hang(), "/api/version": Hang()})
    assert (await first_contact(upstream.url, within=0.3)).engine == "generic"


async def test_a_port_on_which_nothing_listens(fake_upstream: MakeUpstream) -> None:
    away = await fake_upstream({})
    await away.stop()
    contact = await first_contact(away.url)
    assert cause(contact) is Cause.REFUSED
    assert f"nothing listens on port {away.port} of 127.0.0.1" in text(contact)


async def test_a_server_elsewhere_may_listen_on_its_own_loopback_only(
    fake_upstream: MakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = await fake_upstream({})
    await away.stop()
    here = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", away.port))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: here)
    contact = await first_contact(f"gpu-1:{away.port}")
    assert cause(contact) is Cause.REFUSED
    assert "OLLAMA_HOST=0.0.0.0" in text(contact)


async def test_a_name_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    contact = await first_contact("gpu-1")
    assert cause(contact) is Cause.DNS
    assert "the name gpu-1 can't be resolved" in text(contact)


@pytest.mark.parametrize(
    ("given", "answers", "found", "use"),
    [
        ("/v1/v1", vllm(), Cause.PATH_TWICE, "/v1"),
        ("/v1/v1/v1", vllm(), Cause.PATH_TWICE, "/v1"),
        ("/v1/models", vllm(), Cause.WRONG_PATH, "/v1"),
        ("/v1/chat/completions", vllm(), Cause.WRONG_PATH, "/v1"),
        ("/llm", vllm(), Cause.WRONG_PATH, "/v1"),
        ("/llm", {"/llm/v1/models": vllm()["/v1/models"]}, Cause.WRONG_PATH, "/llm/v1"),
        ("", {"/api/v1/models": vllm()["/v1/models"]}, Cause.WRONG_PATH, "/api/v1"),
        ("", {"/v1/models": PAGE, "/openai/models": {"data": []}}, Cause.WEB_PAGE, "/openai"),
        ("", {"/api/models": UNAUTHORIZED}, Cause.WRONG_PATH, "/api"),
        ("/api/tags", ollama(), Cause.WRONG_PATH, ""),
        ("/api", ollama(), Cause.WRONG_PATH, ""),
    ],
)
async def test_a_wrong_path_is_told_with_the_one_that_works(
    fake_upstream: MakeUpstream, given: str, answers: dict[str, Any], found: Cause, use: str
) -> None:
    upstream = await fake_upstream(answers)
    contact = await first_contact(upstream.url + given)
    assert cause(contact) is found
    assert contact.finding is not None
    assert contact.finding.use == upstream.url + use
    assert f"{upstream.url}{use}" in text(contact)


async def test_lm_studio_answers_any_path_with_200_and_is_not_believed(
    fake_upstream: MakeUpstream,
) -> None:
    unexpected = {"error": "Unexpected endpoint or method. (GET /llm/models)"}
    answers = {"/llm/models": unexpected, "/v1/models": fixture("lmstudio/models.json")}
    upstream = await fake_upstream(answers)
    contact = await first_contact(f"{upstream.url}/llm")
    assert cause(contact) is Cause.WRONG_PATH
    assert f"use {upstream.url}/v1, which works" in text(contact)


async def test_a_rejected_key_is_told_from_a_missing_one(
    fake_upstream: MakeUpstream, key: Credential
) -> None:
    upstream = await fake_upstream({"/v1/models": UNAUTHORIZED})
    contact = await first_contact(upstream.url, credential=key)
    assert cause(contact) is Cause.KEY_REJECTED
    assert KEY not in text(contact)


class Picky(FakeUpstream):
    """Refuses to be called by a name that is not local, as Ollama on loopback does."""

    def _answer(self, request: Request) -> Any:
        if request.headers["host"].partition(":")[0] != "localhost":
            return Status(403)
        return super()._answer(request)


async def test_a_refused_host_header_is_told_from_a_rejected_key(key: Credential) -> None:
    async with Picky(ollama()) as upstream:
        contact = await first_contact(upstream.url, credential=key)
        assert cause(contact) is Cause.HOST_REFUSED
        assert "refuses to be called 127.0.0.1 (403); called localhost, it answers" in text(contact)
        renamed = [item for item in upstream.requests if item.headers["host"] == "localhost"]
        assert renamed
        assert all("authorization" not in item.headers for item in renamed)


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("https://sso.example/login?token=canary", "to https://sso.example, and"),
        ("https://llm.example:8443/x?key=canary", "use https://llm.example:8443 in"),
        ("/v1/models/?key=canary", "give the path that it leads to"),
        ("http://[canary", "to nowhere that can be read"),
        ("", "and redirects are not followed"),
    ],
)
async def test_a_redirect_is_told_without_what_it_may_carry(
    fake_upstream: MakeUpstream, location: str, words: str
) -> None:
    upstream = await fake_upstream({"/v1/models": Status(302, b"", {"Location": location})})
    contact = await first_contact(upstream.url)
    assert cause(contact) is Cause.REDIRECT
    assert words in text(contact)
    assert "canary" not in text(contact)


async def test_a_key_stays_with_the_server_it_was_given_for(
    fake_upstream: MakeUpstream, key: Credential
) -> None:
    other = await fake_upstream(vllm())
    moved = Status(307, b"", {"Location": f"{other.url}/v1/models"})
    upstream = await fake_upstream({"/v1/models": moved})
    await first_contact(upstream.url, credential=key)
    assert other.requests == []
    [asked] = upstream.asked("/v1/models")
    assert asked.headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("answers", [{}, vllm(), ollama(), {"/v1/models": UNAUTHORIZED}])
async def test_nothing_but_gets_that_cost_nothing(
    fake_upstream: MakeUpstream, answers: dict[str, Any]
) -> None:
    upstream = await fake_upstream(answers)
    await first_contact(f"{upstream.url}/v1/v1")
    await first_contact(upstream.url)
    assert {request.method for request in upstream.requests} == {"GET"}
    asked = {request.path for request in upstream.requests}
    assert not {path for path in asked if "health" in path or "completions" in path}


@pytest.mark.parametrize(
    "address", ["http://localhost:0", "http://u:p@h", "a b", "http://h/v1?k=1"]
)
async def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"expected a host|user name"):
        await first_contact(address)
