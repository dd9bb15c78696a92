"""Short ways to values that tests of the pure room need over and over."""

from collections.abc import Iterable
from typing import Any, Final

from hypothesis import strategies as st

from service.core.catalogue import Catalogue, Rules, compose
from service.core.health import Health, State, Thresholds, observe
from service.core.model import Details, Model, Source
from service.core.moment import Moment
from service.core.reading import Policy, Reading
from service.core.reasons import Reason
from service.core.snapshot import Snapshot

WALL: Final = 1_795_330_800.0
"""2026-11-22T07:00:00Z."""
NOW: Final = Moment(mono=10_000.0, wall=WALL)
MINUTE: Final = 60.0
HOUR: Final = 3600.0
DAY: Final = 86400.0

DEEPCODER: Final = Model(
    id="deepcoder:14b",
    created=1755671816,
    capabilities={
        "completion": True,
        "tools": True,
        "vision": False,
        "embedding": False,
        "insert": False,
    },
    details=Details(
        size="8.4GB",
        family="qwen2",
        parameter_size="14.8B",
        quantization_level="Q4_K_M",
        format="gguf",
        context_length=131072,
    ),
    provenance={"created": Source.DECLARED, "capabilities.tools": Source.DECLARED},
    digest="12bdda054d23",
)
"""The model of the example in api.md."""


def ago(seconds: float) -> Moment:
    """Give the moment that many seconds before ``NOW``."""
    return Moment(NOW.mono - seconds, NOW.wall - seconds)


def reading(
    name: str,
    *models: Model | str,
    state: State = State.HEALTHY,
    last_ok: Moment | None = NOW,
    policy: Policy | None = None,
    **more: Any,
) -> Reading:
    """Give a reading of ``name``; a model given as text is one of that id."""
    return Reading(
        name=name,
        type="ollama",
        policy=policy or Policy(),
        health=Health(state=state, since=WALL),
        models=tuple(Model(id=m) if isinstance(m, str) else m for m in models),
        last_ok=last_ok,
        **more,
    )


def snapshot(*readings: Reading) -> Snapshot:
    """Register readings in the order given."""
    whole = Snapshot()
    for one in readings:
        whole = whole.with_reading(one)
    return whole


def composed(*readings: Reading, rules: Rules | None = None) -> Catalogue:
    """Compose the catalogue of ``readings`` as it stands at ``NOW``."""
    return compose(snapshot(*readings), rules or Rules(), mono=NOW.mono)


def walk(
    *reasons: Reason | None, start: Health | None = None, rules: Thresholds | None = None
) -> Health:
    """Feed probes into a health, one a second."""
    health = start or Health()
    for second, reason in enumerate(reasons):
        health = observe(health, reason, rules=rules or Thresholds(), wall=WALL + second)
    return health


def ids(catalogue: Catalogue) -> list[str]:
    """List the ids of a catalogue in its order."""
    return [entry.id for entry in catalogue.entries]


def many(count: int, *, prefix: str = "m") -> Iterable[str]:
    """Give that many different ids."""
    return (f"{prefix}{number}" for number in range(count))


OK: Final = None
BAD: Final = Reason.REFUSED
SLOW: Final = Reason.SLOW

HEALTHY: Final = walk(OK)
DEGRADED: Final = walk(OK, SLOW, SLOW, SLOW)
DOWN: Final = walk(BAD, BAD, BAD)
RECOVERING: Final = walk(BAD, BAD, BAD, OK)
MISCONFIGURED: Final = walk(Reason.UNAUTHORIZED, Reason.UNAUTHORIZED)
RATE_LIMITED: Final = walk(OK, Reason.RATE_LIMITED)
LOADING: Final = walk(OK, Reason.LOADING)

reasons = st.sampled_from([None, *Reason])
ways = st.lists(reasons, max_size=12)
thresholds = st.builds(Thresholds, rise=st.integers(1, 4), fall=st.integers(1, 5))
