"""What servers make up on every call never moves the ETag: nobody would ever get a 304."""

import itertools
from typing import Any

import pytest

from service.core.catalogue import Rules
from service.core.edition import Edition, print_edition
from service.core.health import State
from service.core.moment import Moment
from service.core.reading import Reading, advance
from service.core.snapshot import Snapshot
from service.integrations import OpenAICompatibleIntegration
from service.integrations.engines import ENGINES
from service.integrations.probe import probe
from tests.fakes import InTurn, Status
from tests.integrations.engines.backends import BACKENDS, ROUTER, answers_of, stamping
from tests.integrations.engines.conftest import MakeCompatible, MakeWatched

START = 1_795_330_800.0


class Followed:
    """An integration that is polled under a clock of our own, and what is printed of it."""

    def __init__(self, integration: OpenAICompatibleIntegration) -> None:
        self.integration = integration
        self.reading = Reading(name="gpu", type=integration.kind)
        self.edition = Edition()
        self.now = START

    def is_in(self, state: State) -> bool:
        return self.reading.health.state is state

    async def poll(self, *, after: float = 15.0) -> Edition:
        self.now += after
        moment = Moment(mono=self.now - START, wall=self.now)
        outcome = await probe(self.integration, deadline=5.0)
        self.reading = advance(self.reading, outcome, now=moment)
        self.edition = print_edition(
            Snapshot().with_reading(self.reading),
            rules=Rules(),
            now=moment,
            warm=True,
            before=self.edition,
        )
        return self.edition


@pytest.mark.parametrize("chosen", ["named", "auto"])
@pytest.mark.parametrize("name", [*ENGINES, "router"])
async def test_three_polls_give_one_etag(
    upstream_of: MakeWatched, compatible: MakeCompatible, name: str, chosen: str
) -> None:
    backend = BACKENDS.get(name, ROUTER)
    upstream = await upstream_of(backend.answers)
    named = "llamacpp" if name == "router" else name
    followed = Followed(
        compatible(upstream, backend.base, engine=named if chosen == "named" else "auto")
    )
    upstream.answers = stamping(backend.answers, lambda: followed.now)
    editions = [await followed.poll() for _ in range(3)]
    bodies = {edition.models.identity.body for edition in editions}
    assert len(bodies) == 1
    assert {edition.models.identity.etag for edition in editions} == {
        editions[0].models.identity.etag
    }
    assert editions[0].printed
    assert editions[0].changed == editions[2].changed


async def test_the_servers_of_that_test_do_make_things_up(upstream_of: MakeWatched) -> None:
    """Else it could not fail."""
    now = itertools.count(1)
    answers = stamping({"/v1/models": answers_of("vllm")["/v1/models"]}, lambda: float(next(now)))
    first, second = answers["/v1/models"](None), answers["/v1/models"](None)
    for body in (first, second):
        assert {"stats", "uptime", "request_id"} <= body["data"][0].keys()
    for key in ("created", "stats", "uptime", "permission"):
        assert first["data"][0][key] != second["data"][0][key]


async def test_a_real_change_moves_it(upstream_of: MakeWatched, compatible: MakeCompatible) -> None:
    answers = answers_of("vllm")
    upstream = await upstream_of(answers)
    followed = Followed(compatible(upstream))
    before = (await followed.poll()).models.identity.etag
    answers["/v1/models"]["data"][0]["max_model_len"] = 4096
    upstream.answers = answers
    assert (await followed.poll()).models.identity.etag != before


LOADING = Status(
    503, {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}
)


def nameless(answers: dict[str, Any]) -> dict[str, Any]:
    """Make it the list of a server that is still loading: it has the name, and nothing else."""
    answers["/v1/models"]["data"][0]["meta"] = None
    return answers


@pytest.mark.parametrize("chosen", ["auto", "llamacpp"])
@pytest.mark.parametrize("loading", [LOADING, "no meta"], ids=str)
async def test_llama_cpp_that_is_loading_keeps_its_models_and_is_not_failing(
    upstream_of: MakeWatched, compatible: MakeCompatible, loading: Any, chosen: str
) -> None:
    upstream = await upstream_of(answers_of("llamacpp"))
    followed = Followed(compatible(upstream, engine=chosen))
    before = await followed.poll()
    upstream.answers = (
        dict.fromkeys(["/v1/models", "/props"], LOADING)
        if loading is LOADING
        else nameless(answers_of("llamacpp")) | {"/props": LOADING}
    )
    for _ in range(5):
        await followed.poll()
    assert followed.is_in(State.LOADING)
    assert followed.reading.health.fail_streak == 0
    assert [model.id for model in followed.reading.models] == ["tiny-accept"]
    assert list(followed.edition.printed) == list(before.printed)
    upstream.answers = answers_of("llamacpp")
    edition = await followed.poll()
    assert followed.is_in(State.HEALTHY)
    assert edition.models.identity.etag == before.models.identity.etag


async def test_at_first_contact_loading_is_loading(
    upstream_of: MakeWatched, compatible: MakeCompatible
) -> None:
    followed = Followed(compatible(await upstream_of({"/v1/models": LOADING})))
    await followed.poll()
    assert followed.is_in(State.LOADING)


@pytest.mark.parametrize(
    ("asked", "waits"), [("7", 7.0), ("999999999", 86400.0), ("soon", None), (None, None)]
)
@pytest.mark.parametrize("chosen", ["auto", "vllm"])
async def test_a_server_that_asks_for_a_pause_gets_it(
    upstream_of: MakeWatched,
    compatible: MakeCompatible,
    asked: str | None,
    waits: float | None,
    chosen: str,
) -> None:
    headers = {} if asked is None else {"Retry-After": asked}
    answers = answers_of("vllm")
    limited = InTurn(answers["/v1/models"], Status(429, b"", headers))
    followed = Followed(
        compatible(await upstream_of(answers | {"/v1/models": limited}), engine=chosen)
    )
    await followed.poll()
    before = followed.reading.models
    await followed.poll()
    assert followed.is_in(State.RATE_LIMITED)
    assert followed.reading.retry_after == waits
    assert followed.reading.models == before
