"""Settings from a file and the environment: all of them good, or every complaint at once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from service.settings.complaints import translated
from service.settings.environment import overlaid
from service.settings.errors import Complaint, SettingsError
from service.settings.hosted import with_hosted
from service.settings.schema import Settings
from service.settings.together import clashes
from service.settings.yaml_file import read


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Load the settings; with no file, the defaults and the environment.

    Raises:
        SettingsError: something is wrong; it holds every complaint.
    """
    given: dict[Any, Any] = {}
    complaints: list[Complaint] = []
    if path is not None:
        given, complaints = read(path)
    merged, labels, about_variables = overlaid(given, environ)
    complaints += about_variables
    if path is None:
        merged, about_hosted = with_hosted(merged, environ)
        labels = {**labels, **about_hosted}
    settings = None
    try:
        settings = Settings.model_validate(merged)
    except ValidationError as error:
        complaints += translated(error, labels)
    complaints += clashes(merged, labels, {complaint.path for complaint in complaints})
    if settings is None or complaints:
        raise SettingsError(complaints)
    return settings
