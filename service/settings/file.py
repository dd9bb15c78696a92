"""The settings of an integration of type ``file``."""

from typing import Annotated, Literal

from service.settings.fields import Text
from service.settings.integration import IntegrationSettings


class FileSettings(IntegrationSettings):
    """Models that are listed in a file."""

    type: Literal["file"]
    """What it reads: file. Required."""
    path: Annotated[str, Text("the path of a file", longest=4096)]
    """The file, YAML or JSON, a list of models; it is read again when its content changes.
    Required."""
