"""``/livez``, ``/readyz``, ``/healthz``: for kubelets, balancers and whoever looks by hand."""

from typing import Final

import pytest

from tests.web.building import Room

PROBES: Final = ("/livez", "/readyz", "/healthz")


@pytest.mark.parametrize("path", PROBES)
async def test_all_is_well_in_one_word(room: Room, path: str) -> None:
    reply = await room.ask(path)
    assert (reply.status, reply.body) == (200, b"ok")
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert reply.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/livez", "[+]ping ok\n[+]poller ok\nlivez check passed\n"),
        ("/healthz", "[+]ping ok\n[+]poller ok\nlivez check passed\n"),
        ("/readyz", "[+]catalogue ok\n[+]not-draining ok\nreadyz check passed\n"),
    ],
)
@pytest.mark.parametrize("query", ["?verbose", "?verbose=", "?verbose=1", "?x&verbose"])
async def test_verbose_names_each_check(room: Room, path: str, text: str, query: str) -> None:
    assert (await room.ask(f"{path}{query}")).body.decode() == text


@pytest.mark.parametrize("query", ["", "?verbose"])
async def test_trouble_is_named_without_being_asked_for(cold_room: Room, query: str) -> None:
    cold_room.vitals.draining = True
    reply = await cold_room.ask(f"/readyz{query}")
    assert reply.status == 503
    assert reply.body.decode() == (
        "[-]catalogue failed\n[-]not-draining failed\nreadyz check failed\n"
    )
    cold_room.vitals.stall("poll ollama", mono=cold_room.clock.mono - 60)
    reply = await cold_room.ask(f"/livez{query}")
    assert reply.status == 503
    assert reply.body.decode() == "[+]ping ok\n[-]poller failed\nlivez check failed\n"


async def test_readiness_says_nothing_of_integrations(room: Room) -> None:
    """An outage that all replicas share must not take all of them out."""
    room.publish()
    assert (await room.ask("/readyz")).status == 200


BARE: Final = (
    "OPTIONS / HTTP/1.0",
    "GET /readyz HTTP/1.0",
    "HEAD /readyz HTTP/1.0",
    "OPTIONS /readyz HTTP/1.0",
    "OPTIONS /v1/integrations/health HTTP/1.0",
    "GET /v1/integrations/health HTTP/1.0",
    "GET /v1/integrations/ollama/health HTTP/1.0",
    "GET /v1/integrations/health/strict HTTP/1.0",
)


@pytest.mark.parametrize("line", BARE)
@pytest.mark.parametrize("draining", [False, True])
async def test_http_1_0_without_a_host_is_answered(room: Room, line: str, draining: bool) -> None:
    """HAProxy's default check is the first of these."""
    room.vitals.draining = draining
    async with room.connection() as connection:
        connection.send(f"{line}\r\n\r\n".encode())
        reply = await connection.reply(has_body=not line.startswith("HEAD"))
        assert await connection.ended()
    assert reply.status == (503 if draining else 200)
    assert reply.headers["Cache-Control"] == "no-store"
    assert "Transfer-Encoding" not in reply.headers


async def test_a_look_at_the_root_is_no_probe_unless_it_asks_as_haproxy_does(room: Room) -> None:
    room.vitals.draining = True
    assert (await room.ask("/")).status == 200
    assert (await room.ask("/", "HEAD")).status == 200
    assert (await room.ask("/", "OPTIONS")).status == 503


async def test_the_root_says_where_to_go_and_all_of_it_is_there(room: Room) -> None:
    root = (await room.ask("/")).json
    assert (root["service"], root["version"]) == ("rollcall", "1.2.3")
    assert "/v1/models" in root["links"]
    for link in root["links"]:
        assert (await room.ask(link)).status == 200


async def test_the_version_is_told(room: Room) -> None:
    reply = await room.ask("/version")
    assert reply.json == {"service": "rollcall", "version": "1.2.3"}
    assert reply.headers["Cache-Control"] == "max-age=300"
