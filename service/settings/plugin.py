"""The settings of an integration whose type comes from an installed package.

Such a package offers its class under the entry-point group ``rollcall.integrations``, by the name
that ``type`` then takes. Which there are is looked up only where a type is none of ours.
"""

import re
from typing import Annotated, Any, Final

from pydantic import Field

from service.settings.fields import Text
from service.settings.integration import HttpIntegrationSettings

GROUP: Final = "rollcall.integrations"
_NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,47}$"
_TYPE: Final = Text("a type of integration that an installed package offers", pattern=_NAME)


def installed_types() -> tuple[str, ...]:
    """Name the types that installed packages offer."""
    from importlib.metadata import entry_points  # noqa: PLC0415 -- no part of most starts

    names = {point.name for point in entry_points(group=GROUP)}
    return tuple(sorted(name for name in names if re.fullmatch(_NAME, name)))


class PluginSettings(HttpIntegrationSettings):
    """One external service, asked by an integration out of an installed package."""

    type: Annotated[str, _TYPE]
    """The name under which the package offers its integration. Required."""
    options: dict[Annotated[str, Text("the name of an option")], Any] = Field(
        default_factory=dict, repr=False
    )
    """Whatever that integration wants to know; it checks them itself. Values are masked wherever
    settings are shown. Default: none."""
