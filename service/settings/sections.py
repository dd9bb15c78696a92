"""The sections that stand for themselves: the server, polling, health and the log.

Every field says its unit, its default and why; the JSON Schema takes its descriptions from there.
Durations are seconds inside.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from service.core.verdict import FailOn, Share, share
from service.settings.fields import Duration, Expected, Text, Whole

HOUR = 3600.0
DAY = 86400.0


class Section(BaseModel):
    """A group of settings: strict, unchangeable, and with no room for a name it does not know."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True)


class ServerSettings(Section):
    """How Rollcall itself is reached."""

    host: Annotated[str, Text("an address to listen on such as 0.0.0.0", pattern=r"^\S+$")] = (
        "0.0.0.0"  # noqa: S104 -- a service in a container is reached from outside of it
    )
    """The address to listen on. Default: 0.0.0.0, every IPv4 address, as containers need it."""
    port: Annotated[int, Whole(0, 65535)] = 8080
    """The TCP port to listen on; 0 takes any free one. Default: 8080, which needs no privilege."""
    drain_delay: Annotated[float, Duration(0, HOUR)] = 10.0
    """How long to go on serving after SIGTERM, not ready any more, so that load balancers look
    away before the port closes. Default: 10s; 0s suits a laptop."""
    shutdown_timeout: Annotated[float, Duration(0, HOUR)] = 5.0
    """How long requests in flight may take once the port is closed. Default: 5s."""
    keepalive_timeout: Annotated[float, Duration(0, DAY)] = 620.0
    """How long an idle connection is kept open. Default: 620s, longer than any load balancer
    keeps it, so that none sends a request into a connection that is being closed."""
    access_log: Annotated[bool | Literal["all"], Expected("false, true or all")] = False
    """Whether each request is logged: false, true (all but probes), or all. Default: false, as
    probes and pollers make most of the requests."""


class PollingSettings(Section):
    """How upstreams are asked, unless an integration says otherwise."""

    interval: Annotated[float, Duration(1, DAY)] = 15.0
    """The time between two probes of one integration, from 1s to 1d. Default: 15s."""
    timeout: Annotated[float, Duration(0.001, DAY)] = 5.0
    """How long one whole answer may take: DNS, connect, TLS, headers, body. Must be below the
    interval. Default: 5s."""
    startup_grace: Annotated[float, Duration(0, HOUR)] = 10.0
    """How long at most the first answer waits for the first round of probes. Default: 10s."""
    max_concurrent: Annotated[int, Whole(1, 1024)] = 32
    """How many probes may run at once, from 1 to 1024. Default: 32."""


def _text_of_number(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _checked_share(value: str) -> str:
    share(value)
    return value


ShareText = Annotated[
    str,
    AfterValidator(_checked_share),
    Expected("a share such as 50%, or a number of integrations"),
    BeforeValidator(_text_of_number),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^([0-9]+|0*(100|[0-9]{1,2})%)$"},
                {"type": "integer", "minimum": 0},
            ]
        }
    ),
]


class HealthSettings(Section):
    """When an integration counts as down, and when that fails the probe of this replica."""

    rise: Annotated[int, Whole(1, 100)] = 2
    """How many good probes in a row bring an integration back, from 1 to 100. Default: 2."""
    fall: Annotated[int, Whole(1, 100)] = 3
    """How many failed probes in a row take it down, from 1 to 100. Default: 3, so that one lost
    probe flips nothing."""
    fail_on: Annotated[FailOn, Field(strict=False), Expected("one of none, any, all or stale")] = (
        FailOn.NONE
    )
    """Which trouble answers /v1/integrations/health with 503: none, any, all or stale. Default:
    none, as every replica sees the same outage and all of them would be taken out at once."""
    min_healthy: ShareText | None = None
    """How many integrations must be well for a 200: a share (50%) or a number (2). Default: null,
    no such limit."""

    @property
    def minimum(self) -> Share | None:
        """``min_healthy`` as the core understands it."""
        return None if self.min_healthy is None else share(self.min_healthy)


class LogSettings(Section):
    """What is logged, and how it looks."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Expected("one of debug, info, warning or error"),
    ] = "info"
    """The least severe level that is written: debug, info, warning or error. Default: info, which
    speaks when something changes and not at every probe."""
    format: Annotated[
        Literal["auto", "json", "console"], Expected("one of auto, json or console")
    ] = "auto"
    """json, console (for people), or auto: console on a terminal, else json. Default: auto."""
