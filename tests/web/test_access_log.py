"""The access log: none unless asked for, without probes unless asked for, and never raw paths."""

from typing import Any, Final

import pytest
from structlog.testing import capture_logs

from tests.web.building import Room
from tests.web.conftest import MakeRoom

PROBES: Final = (
    *("/", "/livez", "/readyz", "/healthz", "/metrics"),
    *("/v1/integrations/health", "/v1/integrations/health/strict"),
    "/v1/integrations/ollama/health",
)
OTHERS: Final = (
    *("/v1/models", "/v1/models/deepcoder:14b", "/v1/integrations", "/v1/integrations/ollama"),
    *("/v1/integrations/ollama/models", "/version", "/docs", "/openapi.json", "/nowhere"),
)


async def logged(room: Room, *paths: str, **headers: str) -> list[Any]:
    with capture_logs() as captured:
        for path in paths:
            await room.ask(
                path, headers={name.replace("_", "-"): headers[name] for name in headers}
            )
    return captured


async def test_there_is_none_unless_asked_for(room: Room) -> None:
    assert await logged(room, *PROBES, *OTHERS) == []


async def test_it_leaves_probes_out(make_room: MakeRoom) -> None:
    room = await make_room(access_log=True)
    room.publish_some()
    assert await logged(room, *PROBES) == []
    assert len(await logged(room, *OTHERS)) == len(OTHERS)


async def test_all_means_probes_too(make_room: MakeRoom) -> None:
    room = await make_room(access_log="all")
    room.publish_some()
    lines = await logged(room, *PROBES, *OTHERS)
    assert len(lines) == len(PROBES) + len(OTHERS)


async def test_a_line_says_what_was_asked_and_what_came_of_it(make_room: MakeRoom) -> None:
    room = await make_room(access_log=True)
    room.publish_some()
    assert await logged(room, "/v1/models", X_Request_ID="abc-1") == [
        {
            "event": "request.answered",
            "log_level": "info",
            "method": "GET",
            "route": "/v1/models",
            "status": 200,
            "request_id": "abc-1",
            "draining": None,
        }
    ]
    room.vitals.draining = True
    (line,) = await logged(room, "/v1/models/nobody")
    assert (line["route"], line["status"], line["draining"]) == ("/v1/models/{id}", 404, True)


@pytest.mark.parametrize("said", ["ü[2J", "a b", "x" * 65, "", "{evil}"])
async def test_only_a_sane_request_id_is_logged(make_room: MakeRoom, said: str) -> None:
    room = await make_room(access_log=True)
    (line,) = await logged(room, "/version", X_Request_ID=said)
    assert line["request_id"] is None


@pytest.mark.parametrize(
    "path",
    ["/CANARY", "/v1/models/CANARY%0aFAKE", "/v1/models/CANARY%1b[2J", "/version?key=CANARY"],
)
async def test_what_a_client_sends_is_not_logged(make_room: MakeRoom, path: str) -> None:
    room = await make_room(access_log="all")
    room.publish_some()
    (line,) = await logged(room, path)
    assert "CANARY" not in str(line)
