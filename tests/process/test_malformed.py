"""What is no HTTP gets an answer in our shape, with no echo, no version and no traceback."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.conftest import MakeUpstream
from tests.fakes import ollama_answers
from tests.service_process import ServiceProcess

MALFORMED = (
    b"CANARY\r\n\r\n",
    b"GET /canary HTTP/9.9\r\n\r\n",
    b"GET /\xff\xfe-canary HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\nX-\x00Canary: 1\r\n\r\n",
    b"GET /" + b"canary" * 2000 + b" HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 canary",
)


async def sent(port: int, wire: bytes) -> bytes:
    """Put bytes on the wire, and give whatever comes back until the connection ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(wire)
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    return answer


async def test_what_is_no_http_is_answered_plainly_and_costs_no_log(
    tmp_path: Path, fake_upstream: MakeUpstream
) -> None:
    upstream = await fake_upstream(ollama_answers())
    config = {
        "integrations": [
            {"name": "ollama", "type": "ollama", "host": upstream.url, "cli_fallback": "off"}
        ]
    }
    async with ServiceProcess(tmp_path, config) as service:
        await service.until("/readyz", lambda status, _: status == 200, within=5)
        before = len(service.lines)
        for wire in MALFORMED:
            answer = await sent(service.port, wire)
            head, _, body = answer.partition(b"\r\n\r\n")
            assert head.split(b" ", 2)[:2] in ([b"HTTP/1.0", b"400"], [b"HTTP/1.1", b"400"]), wire
            assert b"aiohttp" not in head
            assert b"Python" not in head
            assert b"canary" not in answer.lower()
            assert set(json.loads(body)["error"]) == {"message", "type", "param", "code"}
        assert (await service.get("/v1/models"))[0] == 200
        assert service.lines[before:] == []


@pytest.mark.parametrize(
    "first_line", ["OPTIONS / HTTP/1.0", "GET /readyz HTTP/1.0", "OPTIONS /readyz HTTP/1.0"]
)
async def test_probes_of_an_old_kind_are_answered(
    tmp_path: Path, fake_upstream: MakeUpstream, first_line: str
) -> None:
    """HTTP/1.0 without Host, as HAProxy asks by default."""
    upstream = await fake_upstream(ollama_answers())
    config = {"integrations": [{"name": "ollama", "type": "ollama", "host": upstream.url}]}
    async with ServiceProcess(tmp_path, config) as service:
        await service.until("/readyz", lambda status, _: status == 200, within=5)
        answer = await sent(service.port, f"{first_line}\r\n\r\n".encode())
        assert answer.split(b" ", 2)[1] == b"200"
