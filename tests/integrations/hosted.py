"""What the tests of hosted services share: servers of one list, keys, and what may go wrong."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from service.core.health import State
from service.core.moment import Moment
from service.core.reading import Policy, Reading, advance
from service.integrations import BaseIntegration
from service.integrations.credentials import Credential
from service.integrations.probe import probe
from tests.fakes import FakeUpstream, Status

KEY: Final = "canary-7f3e21"
VARIABLE: Final = "THE_KEY"

REJECTED: Final[Sequence[Status]] = (
    Status(401),
    Status(403),
    Status(401, {"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}}),
    Status(
        401, {"type": "error", "error": {"type": "authentication_error", "message": "x-api-key"}}
    ),
    Status(403, {"type": "error", "error": {"type": "permission_error", "message": "no"}}),
    Status(
        400,
        {
            "error": {
                "code": 400,
                "message": "API key not valid. Please pass a valid API key.",
                "status": "INVALID_ARGUMENT",
                "details": [{"reason": "API_KEY_INVALID"}],
            }
        },
    ),
    Status(403, {"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "no identity"}}),
    Status(500, {"error": {"message": "Authentication Error, Invalid proxy server token passed"}}),
    Status(500, {"type": "error", "error": {"type": "authentication_error", "message": "no"}}),
)
"""The ways in which services say that they don't take a key."""


@asynccontextmanager
async def listing(answer: Any, *, path: str = "/v1/models") -> AsyncIterator[FakeUpstream]:
    """Run a server that gives ``answer`` at ``path``, and may be asked for nothing else."""
    async with FakeUpstream({path: answer}) as upstream:
        yield upstream
        assert upstream.outside(frozenset({("GET", path)})) == []


def credential() -> Credential:
    """Give the key that a test has put into the environment."""
    return Credential(env=VARIABLE)


async def states_of(integration: BaseIntegration, *, probes: int) -> list[State]:
    """Probe so many times, and give the state after each."""
    reading, states = Reading(name="hosted", policy=Policy()), []
    for number in range(probes):
        outcome = await probe(integration, deadline=2)
        reading = advance(reading, outcome, now=Moment(60.0 * number, 1.8e9 + 60 * number))
        states.append(reading.health.state)
    return states
