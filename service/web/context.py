"""What handlers may see, at a typed address."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from aiohttp import web

from service.core.moment import Moment
from service.core.verdict import FailOn, Share
from service.observability.metrics import Metrics
from service.publication import Publication
from service.vitals import Vitals


@dataclass(frozen=True, slots=True, kw_only=True)
class WebContext:
    """Everything that a handler may look at.

    ``fail_on`` and ``min_healthy`` are what a health question means where it does not say.
    ``access_log``: ``True`` leaves probes out, ``"all"`` does not.
    """

    publication: Publication
    vitals: Vitals
    metrics: Metrics
    now: Callable[[], Moment]
    version: str
    fail_on: FailOn = FailOn.NONE
    min_healthy: Share | None = None
    access_log: bool | Literal["all"] = False


CONTEXT: Final = web.AppKey("CONTEXT", WebContext)
