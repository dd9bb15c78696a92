"""What is wrong with the settings: every complaint, each with its place, for people to read."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is wrong.

    ``path`` is a setting (``polling.interval``), the environment variable that set it, or a file.
    ``text`` never holds the value of a setting that may be a secret.
    """

    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}: {self.text}"


class SettingsError(Exception):
    """The settings can't be used; nothing was started with them. Printed, one complaint a line."""

    def __init__(self, complaints: Sequence[Complaint]) -> None:
        super().__init__(*complaints)
        self.complaints = tuple(complaints)

    def __str__(self) -> str:
        return "\n".join(map(str, self.complaints))
