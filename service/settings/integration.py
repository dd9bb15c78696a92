"""What the settings of every integration have in common; each type adds its own in its own file."""

from typing import Annotated

from pydantic import ConfigDict, Field

from service.settings.fields import Duration, Switch, Text, Whole
from service.settings.sections import DAY, Section

Globs = tuple[Annotated[str, Text("a pattern such as llama*", longest=256)], ...]
HeaderName = Annotated[
    str, Text("the name of a header such as X-Team", pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
]


class IntegrationSettings(Section):
    """One external service, asked by one integration."""

    # Never made on its own, so there is nothing to prepare at every start.
    model_config = ConfigDict(defer_build=True)

    name: Annotated[
        str,
        Text(
            "a name of 1 to 48 letters, digits, dots, dashes and underscores, not 'health'",
            pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,47}$",
            reserved=("health",),
        ),
    ]
    """What the integration is called: unique, shown as owned_by and in paths, so it can't be
    health. Required."""
    type: str
    """What it talks to. Required."""
    interval: Annotated[float, Duration(1, DAY)] | None = None
    """The time between two probes, from 1s to 1d. Default: null, that of polling.interval."""
    timeout: Annotated[float, Duration(0.001, DAY)] | None = None
    """How long one whole answer may take, below the interval. Default: null, that of
    polling.timeout."""
    priority: Annotated[int, Whole(-1000, 1000)] = 0
    """Its place in the list and in what is known of a model: lower comes first. Default: 0."""
    optional: Switch = False
    """Whether being away is normal, as for a laptop that comes and goes: no warning, and left out
    of health.fail_on. Default: false."""
    enabled: Switch = True
    """Whether it is asked at all; false keeps its settings in the file. Default: true."""
    include: Annotated[Globs, Field(strict=False, min_length=1, max_length=256)] = ("*",)
    """Patterns with * and ? of the ids that are shown. Default: all of them."""
    exclude: Annotated[Globs, Field(strict=False, max_length=256)] = ()
    """Patterns of ids that are left out of those. Default: none."""
    prefix: Annotated[str, Text("text of 1 to 64 characters such as gpu-1/", longest=64)] | None = (
        None
    )
    """Text put before each id, such as gpu-1/. Default: null, none."""


class HttpIntegrationSettings(IntegrationSettings):
    """One external service that is reached over HTTP."""

    headers: dict[
        HeaderName, Annotated[str, Text("one line of text; quote numbers", longest=8192)]
    ] = Field(default_factory=dict, repr=False)
    """Headers sent with every request, for a proxy in front of the service. Values are masked
    wherever settings are shown. Default: none."""
    api_key_env: (
        Annotated[
            str,
            Text("the name of an environment variable", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$"),
        ]
        | None
    ) = Field(default=None, repr=False)
    """The environment variable that holds the key, sent in the header that the service wants it
    in. Default: null, no key."""
    api_key_file: Annotated[str, Text("the path of a file", longest=4096)] | None = Field(
        default=None, repr=False
    )
    """The file that holds the key, such as a mounted secret; instead of api_key_env. Default:
    null, no key."""
    verify_tls: Switch = True
    """Whether the certificate of an https server is checked. Default: true."""
