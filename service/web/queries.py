"""Query strings, read strictly: an unknown parameter or a bad value is an error that names it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from multidict import MultiMapping

from service.core.catalogue import Entry
from service.core.edition import Edition, Standing
from service.core.model import ALL_CAPABILITIES
from service.core.reading import Freshness
from service.core.verdict import FailOn, Share, share
from service.web.errors import bad_value, no_integration, unknown_param

Query = MultiMapping[str]

_FILTERS: Final = (
    *("integration", "capability", "family", "available", "freshness", "q", "limit", "after"),
)
_LIMIT: Final = 1000
_SEARCH_CEILING: Final = 256
_HEALTH: Final = ("fail_on", "min_healthy", "integration", "exclude", "format")
HEALTH_JSON: Final = "application/health+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelQuery:
    """What of the catalogue is wanted; ``None`` and empty mean "any"."""

    integration: str | None = None
    capabilities: tuple[str, ...] = ()
    family: str | None = None
    available: bool | None = None
    freshness: str | None = None
    search: str | None = None
    limit: int | None = None
    after: str | None = None

    @property
    def paged(self) -> bool:
        """Whether the answer carries ``has_more``, ``first_id`` and ``last_id``."""
        return self.limit is not None or self.after is not None

    def wants(self, entry: Entry) -> bool:
        """Say whether ``entry`` is asked for."""
        known = entry.model.capabilities
        return (
            (self.integration is None or self.integration in entry.integrations)
            and all(known.get(name) is True for name in self.capabilities)
            and (self.family is None or entry.model.details.family == self.family)
            and (self.available is None or entry.available is self.available)
            and (self.freshness is None or entry.freshness == self.freshness)
            and (self.search is None or self.search in entry.id.lower())
        )


def read_model_query(query: Query, edition: Edition) -> ModelQuery:
    """Read the query of ``GET /v1/models``.

    Raises:
        ApiError: 400, naming the parameter.
    """
    _only_known(query, _FILTERS, repeatable=("capability",))
    integration = query.get("integration")
    if integration is not None and integration not in edition.standings:
        raise bad_value("integration", "the name of an integration")
    after = query.get("after")
    if after is not None and after not in edition.printed:
        raise bad_value("after", "the id of a model in the list")
    search = query.get("q")
    if search is not None and len(search) > _SEARCH_CEILING:
        raise bad_value("q", f"at most {_SEARCH_CEILING} characters")
    return ModelQuery(
        integration=integration,
        capabilities=tuple(
            _one_of("capability", name, ALL_CAPABILITIES) for name in query.getall("capability", [])
        ),
        family=query.get("family"),
        available=_flag(query, "available"),
        freshness=_optional_word(query, "freshness", [str(word) for word in Freshness]),
        search=None if search is None else search.lower(),
        limit=_limit(query),
        after=after,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthQuery:
    """Which integrations are asked about, and what fails the probe."""

    standings: tuple[Standing, ...]
    fail_on: FailOn
    minimum: Share | None
    health_json: bool
    whole: bool
    """Whether all integrations are asked about, so that the printed answer serves."""


def read_health_query(
    query: Query, edition: Edition, *, fail_on: FailOn, minimum: Share | None, accept: str
) -> HealthQuery:
    """Read the query of ``GET /v1/integrations/health``, with what it means where it does not say.

    Raises:
        ApiError: 400, naming the parameter; 404 for an unknown integration.
    """
    if not query and HEALTH_JSON not in accept:
        return HealthQuery(
            standings=tuple(edition.standings.values()),
            fail_on=fail_on,
            minimum=minimum,
            health_json=False,
            whole=True,
        )
    _only_known(query, _HEALTH)
    word = _optional_word(query, "fail_on", [str(word) for word in FailOn])
    wanted = _names(query, "integration", edition.standings)
    unwanted = _names(query, "exclude", edition.standings) or ()
    form = _optional_word(query, "format", ["json", "health+json"])
    chosen = [
        standing
        for name, standing in edition.standings.items()
        if (wanted is None or name in wanted) and name not in unwanted
    ]
    return HealthQuery(
        standings=tuple(chosen),
        fail_on=fail_on if word is None else FailOn(word),
        minimum=_share(query, minimum),
        health_json=form == "health+json" or (form is None and HEALTH_JSON in accept),
        whole=wanted is None and not unwanted,
    )


def _only_known(query: Query, known: Collection[str], repeatable: Collection[str] = ()) -> None:
    for name in query:
        if name not in known:
            raise unknown_param(name, ", ".join(known))
        if name not in repeatable and len(query.getall(name)) > 1:
            raise bad_value(name, "to be given once")


def _one_of(param: str, word: str, words: Iterable[str]) -> str:
    if word not in words:
        raise bad_value(param, f"one of {', '.join(words)}")
    return word


def _optional_word(query: Query, param: str, words: Iterable[str]) -> str | None:
    word = query.get(param)
    return None if word is None else _one_of(param, word, words)


def _flag(query: Query, param: str) -> bool | None:
    word = _optional_word(query, param, ["true", "false"])
    return None if word is None else word == "true"


def _limit(query: Query) -> int | None:
    text = query.get("limit")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= _LIMIT):  # noqa: PLR2004 -- digits
        raise bad_value("limit", f"a whole number from 1 to {_LIMIT}")
    return int(text)


def _share(query: Query, default: Share | None) -> Share | None:
    text = query.get("min_healthy")
    if text is None:
        return default
    try:
        return share(text)
    except ValueError:
        raise bad_value("min_healthy", "a share such as 50%, or a number of integrations") from None


def _names(query: Query, param: str, known: Collection[str]) -> frozenset[str] | None:
    text = query.get(param)
    if text is None:
        return None
    names = frozenset(text.split(","))
    for name in sorted(names):
        if name not in known:
            raise no_integration(name)
    return names
