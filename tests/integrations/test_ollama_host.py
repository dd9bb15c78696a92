"""Every form of ``OLLAMA_HOST`` that people paste, and what is told from where we run."""

from pathlib import Path

import pytest

from service.integrations import OllamaIntegration
from service.integrations.ollama_host import default_host, in_container, parse_ollama_host
from tests.conftest import MakeUpstream
from tests.fakes import ollama_answers
from tests.integrations.conftest import MakeOllama


@pytest.mark.parametrize(
    ("text", "url"),
    [
        # Those of Ollama's own envconfig/config_test.go, where a client dials what they say.
        ("", "http://127.0.0.1:11434"),
        ("1.2.3.4", "http://1.2.3.4:11434"),
        (":1234", "http://127.0.0.1:1234"),
        ("1.2.3.4:1234", "http://1.2.3.4:1234"),
        ("http://1.2.3.4", "http://1.2.3.4:80"),
        ("http://1.2.3.4:1234", "http://1.2.3.4:1234"),
        ("https://1.2.3.4", "https://1.2.3.4:443"),
        ("https://1.2.3.4:1234", "https://1.2.3.4:1234"),
        ("https://example.com/ollama", "https://example.com:443/ollama"),
        ("https://example.com:1234/ollama", "https://example.com:1234/ollama"),
        ("https://example.com:1234/", "https://example.com:1234"),
        ("example.com/ollama", "http://example.com:11434/ollama"),
        ("example.com:1234/ollama/", "http://example.com:1234/ollama"),
        ("[::1]", "http://[::1]:11434"),
        ("[::1]:1337", "http://[::1]:1337"),
        ("::1", "http://[::1]:11434"),
        (" 1.2.3.4 ", "http://1.2.3.4:11434"),
        ('"1.2.3.4"', "http://1.2.3.4:11434"),
        ("'1.2.3.4:5'", "http://1.2.3.4:5"),
        ('" 1.2.3.4 "', "http://1.2.3.4:11434"),
        ("random://1.2.3.4", "http://1.2.3.4:11434"),
        ("random://1.2.3.4:1234", "http://1.2.3.4:1234"),
        ("ollama.com", "https://ollama.com:443"),
        ("ollama.com/", "https://ollama.com:443"),
        ("https://ollama.com", "https://ollama.com:443"),
        ("HTTPS://Example.com", "https://example.com:443"),
        # A port that is none falls back to the scheme's own.
        (":-1", "http://127.0.0.1:11434"),
        (":66000", "http://127.0.0.1:11434"),
        ("host:", "http://host:11434"),
        ("host:abc", "http://host:11434"),
        ("http://host:66000", "http://host:80"),
        ("https://host:66000", "https://host:443"),
        ("host:" + "9" * 5000, "http://host:11434"),
        # An address to listen on is no address to dial.
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:1234", "http://127.0.0.1:1234"),
        ("http://0.0.0.0", "http://127.0.0.1:80"),
        ("::", "http://[::1]:11434"),
        ("[::]:1234", "http://[::1]:1234"),
        ("ollama", "http://ollama:11434"),
        ("my_ollama-1.svc.cluster.local:80", "http://my_ollama-1.svc.cluster.local:80"),
        ("bücher.example", "http://xn--bcher-kva.example:11434"),
    ],
)
def test_every_form_that_ollama_takes_is_dialled_as_its_clients_do(text: str, url: str) -> None:
    found = parse_ollama_host(text)
    authority = f"[{found.host}]" if found.host and ":" in found.host else found.raw_host
    assert f"{found.scheme}://{authority}:{found.port}{found.raw_path.rstrip('/')}" == url


@pytest.mark.parametrize(
    "text",
    [
        "http://user:hunter2@host",
        "user@host",
        "user:hunter2@host:11434",
        "http://user:hun/ter2@host",
        "host:0",
        ":0",
        "http://host:00000",
        "a b",
        "host\n.example",
        "http://host /x",
        "host/a b",
        "host?key=hunter2",
        "http://host/x?key=hunter2",
        "host#part",
        "http://host/#part",
        "host\\x",
        "<host>",
        'a"b',
        "fe80::1%eth0",
        "host%41",
        "a:b:c",
        "host\x00",
    ],
)
def test_what_is_no_address_is_refused_without_repeating_a_secret(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|password|Host") as caught:
        parse_ollama_host(text)
    assert "hunter2" not in str(caught.value)
    assert "ter2" not in str(caught.value)


def test_a_host_name_and_a_bare_address_of_the_sixth_kind_are_told_apart() -> None:
    assert parse_ollama_host("fe80::1").host == "fe80::1"
    assert parse_ollama_host("fe80:1").host == "fe80"


async def test_a_path_in_the_host_is_kept_before_every_request(
    fake_upstream: MakeUpstream, ollama: MakeOllama
) -> None:
    upstream = await fake_upstream(
        {f"/behind/a/proxy{path}": answer for path, answer in ollama_answers(old=True).items()}
    )
    integration = ollama(f"{upstream.url}/behind/a/proxy/")
    assert len((await integration.refresh()).models) == 13
    assert {request.path.removeprefix("/behind/a/proxy") for request in upstream.requests} == {
        *("/api/tags", "/api/version", "/api/ps", "/api/show")
    }


@pytest.mark.parametrize(
    ("environ", "files", "inside"),
    [
        ({}, [], False),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, [], True),
        ({}, [".dockerenv"], True),
        ({}, ["run/.containerenv"], True),
        ({"container": ""}, ["run/other"], False),
    ],
)
def test_a_container_is_told_from_a_host(
    environ: dict[str, str], files: list[str], inside: bool, tmp_path: Path
) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert in_container(environ=environ, root=tmp_path) is inside
    expected = "http://ollama:11434" if inside else "http://localhost:11434"
    assert default_host(environ=environ, root=tmp_path) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [("gpu-box:9", "gpu-box:9"), ("", "http://localhost:11434"), ("  ", "http://localhost:11434")],
)
def test_the_variable_comes_before_the_default_unless_it_is_empty(
    said: str, expected: str, tmp_path: Path
) -> None:
    assert default_host(environ={"OLLAMA_HOST": said}, root=tmp_path) == expected


async def test_what_is_given_comes_before_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "gpu-box:9")
    assert OllamaIntegration().host == "http://gpu-box:9"
    assert OllamaIntegration(host="http://other:1").host == "http://other:1"
    assert OllamaIntegration(timeout=10).host == "http://gpu-box:9"
