"""Integrations come and go while the whole service runs, and the broken ones delay nobody."""

import asyncio
from collections.abc import Iterator
from itertools import cycle
from typing import Any, Final

import pytest
from aiohttp.test_utils import TestClient
from pytest_aiohttp import AiohttpClient

from service.app import Service, build
from service.core.reading import Policy
from service.integrations import BaseIntegration, IntegrationManager
from service.settings import Settings
from tests.fakes import Canned, Hang
from tests.polling.house import Timed, refused

STEADY: Final = 47
POLICY: Final = Policy(interval=1.0, deadline=0.8)
PATIENT: Final = Policy(interval=1.0, deadline=60.0)
"""One that hangs under it would be noticed by everyone who had to wait for it."""
WITHIN: Final = 1.0
ROUNDS: Final = 4
LATEST: Final = 1.1 * POLICY.interval + 0.5
"""Seconds between two looks at one integration: the interval, its jitter, and a busy machine."""


def flapping() -> Canned:
    answers: Iterator[Canned] = cycle([["flapping:1b"], refused])
    return lambda: next(answers)


class Running:
    """The service on a socket, and the integrations that are well."""

    def __init__(self, service: Service, client: Any, steady: dict[str, Timed]) -> None:
        self.service = service
        self.client: TestClient[Any, Any] = client
        self.steady = steady

    async def get(self, path: str) -> Any:
        async with self.client.get(path) as response:
            return await response.json()

    async def models(self) -> set[str]:
        listed = await self.get("/v1/models")
        return {model["id"] for model in listed.get("data", ())}

    async def until(self, *there: str, gone: tuple[str, ...] = (), within: float = WITHIN) -> None:
        """Ask for the list until it holds what it should and nothing that it should not."""
        async with asyncio.timeout(within):
            while not (found := await self.models()) >= set(there) or found & set(gone):
                await asyncio.sleep(0.02)

    def add(self, name: str, integration: BaseIntegration, policy: Policy = POLICY) -> None:
        self.service.manager.add_integration(name, integration, policy)

    async def remove(self, name: str) -> None:
        await self.service.manager.remove_integration(name)


@pytest.fixture
async def running(aiohttp_client: AiohttpClient) -> Running:
    """Give a service with 50 integrations, one of which hangs, one crashes and one flaps."""
    manager = IntegrationManager()
    steady = {f"steady-{number}": Timed([f"m-{number}"]) for number in range(STEADY)}
    for name, integration in steady.items():
        manager.add_integration(name, integration, POLICY)
    manager.add_integration("hanging", Timed(Hang()), PATIENT)
    manager.add_integration("crashing", Timed(lambda: RuntimeError("a bug")), POLICY)
    manager.add_integration("flapping", Timed(flapping()), POLICY)
    service = build(Settings(), manager=manager)
    made = Running(service, await aiohttp_client(service.web_app), steady)
    await made.until(*(f"m-{number}" for number in range(STEADY)), within=10)
    return made


async def test_what_is_added_appears_and_what_is_removed_goes_while_the_others_stay_on_time(
    running: Running,
) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number in range(ROUNDS):
        running.add(f"late-{number}", Timed([f"late:{number}"]))
        running.add(f"late-hanging-{number}", Timed(Hang()), PATIENT)
        await running.until(f"late:{number}")
        await running.remove(f"steady-{number}")
        await running.until(gone=(f"m-{number}",))
        await running.remove(f"late-hanging-{number}")
    left = {name: running.steady[name] for name in list(running.steady)[ROUNDS:]}
    async with asyncio.timeout(10):
        while min(len(integration.asked) for integration in left.values()) < ROUNDS:
            await asyncio.sleep(0.05)
    assert loop.time() - began > POLICY.interval

    gaps = {name: max(integration.gaps) for name, integration in left.items()}
    assert {name: gap for name, gap in gaps.items() if gap > LATEST} == {}
    health = await running.get("/v1/integrations/health")
    assert {health[name]["status"] for name in left} == {"healthy"}
    assert {health[name]["freshness"] for name in left} == {"fresh"}
    assert health["crashing"]["reason"] == "internal"
    assert health["hanging"]["available"] is False
    expected = {f"m-{number}" for number in range(ROUNDS, STEADY)}
    expected |= {f"late:{number}" for number in range(ROUNDS)}
    assert expected <= await running.models() <= expected | {"flapping:1b"}
    assert not running.service.vitals.stalled


async def test_what_is_removed_is_closed_and_asked_no_more(running: Running) -> None:
    gone, other = running.steady["steady-0"], running.steady["steady-1"]
    await running.remove("steady-0")
    asked = len(gone.asked), len(other.asked)
    async with asyncio.timeout(10):
        while len(other.asked) < asked[1] + 2:
            await asyncio.sleep(0.05)
    assert (len(gone.asked), gone.closed) == (asked[0], 1)
    assert "steady-0" not in await running.get("/v1/integrations/health")


async def test_one_that_hangs_can_be_replaced_under_its_name(running: Running) -> None:
    await running.remove("hanging")
    running.add("hanging", Timed(["hanging:1b"]))
    await running.until("hanging:1b")
    health = await running.get("/v1/integrations/health")
    assert health["hanging"]["status"] == "healthy"


async def test_all_may_come_and_go_at_once(running: Running) -> None:
    for number in range(50):
        running.add(f"late-{number}", Timed([f"late:{number}"]))
    names = [*running.steady, "hanging", "crashing", "flapping"]
    await asyncio.gather(*map(running.remove, names))
    late = tuple(f"late:{number}" for number in range(50))
    await running.until(*late, gone=tuple(f"m-{number}" for number in range(STEADY)), within=2)
    assert await running.models() == set(late)
