"""First contact over TLS: each way in which a certificate or a scheme is wrong has its own name."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from service.integrations import Credential
from service.integrations.first_contact import Cause, first_contact
from tests.cli.servers import plain, vllm
from tests.cli.tls import Authority, TlsUpstream
from tests.conftest import MakeUpstream
from tests.fakes import Hang, Raw, Status


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
async def opened() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


def found_by_a_process(addresses: list[str], trusted: Path) -> dict[str, dict[str, Any]]:
    """Check in a process of its own: whom to trust is read once, when a process starts."""
    environ = {"PATH": os.environ["PATH"], "SSL_CERT_FILE": str(trusted)}
    command = [sys.executable, "-m", "service", "check", "--json", *addresses]
    printed = subprocess.run(command, env=environ, capture_output=True, check=False).stdout
    return {server["url"]: server for server in json.loads(printed)["servers"]}


async def test_certificates_of_a_trusted_authority(
    authority: Authority, opened: AsyncExitStack
) -> None:
    """Several servers in one go: one is well, one has another name, one has expired."""
    local = "DNS:localhost,IP:127.0.0.1"
    good = TlsUpstream(vllm(), authority.issue("good", local))
    other = TlsUpstream(vllm(), authority.issue("other", "DNS:gpu-1.example,DNS:gpu-2.example"))
    old = TlsUpstream(vllm(), authority.issue("old", local, expired=True))
    for upstream in (good, other, old):
        await opened.enter_async_context(upstream)
    found = await asyncio.to_thread(
        found_by_a_process, [good.url, other.url, old.url], authority.certificate
    )
    assert found[f"{good.url}/v1"]["engine"] == "vllm"
    assert found[other.url]["cause"] == "tls_name"
    assert (
        "its certificate is for gpu-1.example, gpu-2.example, not for 127.0.0.1"
        in (found[other.url]["explanation"])
    )
    assert found[old.url]["cause"] == "tls_expired"
    assert other.requests == old.requests == []


async def test_a_certificate_that_nobody_vouches_for(
    authority: Authority, opened: AsyncExitStack
) -> None:
    upstream = TlsUpstream(vllm(), authority.self_signed())
    await opened.enter_async_context(upstream)
    finding = (await first_contact(upstream.url)).finding
    assert finding is not None
    assert finding.cause is Cause.TLS_SELF_SIGNED
    assert "SSL_CERT_FILE" in finding.text
    assert upstream.requests == []


async def test_a_certificate_of_a_private_authority(
    authority: Authority, opened: AsyncExitStack
) -> None:
    upstream = TlsUpstream(vllm(), authority.issue("private", "IP:127.0.0.1"))
    await opened.enter_async_context(upstream)
    finding = (await first_contact(upstream.url)).finding
    assert finding is not None
    assert finding.cause is Cause.TLS_UNTRUSTED
    assert "an authority that is not trusted here" in finding.text


async def test_plain_http_to_a_port_that_speaks_tls(
    authority: Authority, opened: AsyncExitStack
) -> None:
    upstream = TlsUpstream(vllm(), authority.self_signed())
    await opened.enter_async_context(upstream)
    finding = (await first_contact(f"http://127.0.0.1:{upstream.port}/v1")).finding
    assert finding is not None
    assert (finding.cause, finding.use) == (Cause.NEEDS_HTTPS, f"{upstream.url}/v1")


async def test_a_proxy_that_answers_plain_http_with_400_speaks_tls_all_the_same(
    fake_upstream: MakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As nginx does; whether it speaks TLS is found out by a handshake."""
    upstream = await fake_upstream({"/v1/models": Status(400, b"<html>plain HTTP request</html>")})
    finding = (await first_contact(upstream.url)).finding
    assert finding is not None
    assert finding.cause is Cause.BAD_STATUS

    async def agreed(*_: object, **__: object) -> bool:
        return True

    monkeypatch.setattr("service.integrations.first_contact.unanswered.speaks_tls", agreed)
    finding = (await first_contact(upstream.url)).finding
    assert finding is not None
    assert finding.cause is Cause.NEEDS_HTTPS


async def test_tls_to_a_port_that_speaks_plain_http(
    fake_upstream: MakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked once more over plain HTTP, and not with the key: anyone could read that."""
    monkeypatch.setenv("A_KEY", "canary-77")
    upstream = await fake_upstream(plain("a"))
    address = f"https://127.0.0.1:{upstream.port}/v1"
    finding = (await first_contact(address, credential=Credential(env="A_KEY"))).finding
    assert finding is not None
    assert (finding.cause, finding.use) == (Cause.NEEDS_HTTP, f"{upstream.url}/v1")
    assert upstream.requests
    assert all("authorization" not in request.headers for request in upstream.requests)


@pytest.mark.parametrize("answer", [Raw(b"+PONG\r\n"), Hang()], ids=["garbage", "silence"])
async def test_neither_tls_nor_http(fake_upstream: MakeUpstream, answer: object) -> None:
    upstream = await fake_upstream({"/v1": answer})
    address = f"https://127.0.0.1:{upstream.port}/v1"
    finding = (await first_contact(address, within=0.3)).finding
    assert finding is not None
    assert finding.cause is Cause.TLS_FAILED
