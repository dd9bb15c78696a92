"""Integrations out of installed packages, found by the entry-point group ``rollcall.integrations``.

What goes wrong with one is said in one line that names its package: never with a traceback, and
never in the words of its exceptions, which may hold whatever its settings hold.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from service.integrations.base_integration import BaseIntegration
from service.settings import GROUP, PluginSettings

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

_LONGEST: Final = 200


class PluginError(ValueError):
    """An integration can't be had from its package; the text says why."""


class OptionsError(ValueError):
    """What a package's integration raises if its ``options`` are no use.

    The text is shown to the operator as it is: it says which option, and what was expected, and
    repeats no value that may be a secret.
    """


def plugged_in(settings: PluginSettings, *, timeout: float) -> BaseIntegration:
    """Make the integration that an installed package offers as ``settings.type``.

    Raises:
        PluginError: there is none, or it can't be made.
    """
    kind = _offered(settings)
    try:
        made: object = kind.configured(settings, timeout=timeout)
    except OptionsError as error:
        raise PluginError(f"integrations.{settings.name}.options: {_line(str(error))}") from None
    except (Exception, SystemExit) as error:  # noqa: BLE001 -- a stranger's, whatever it is
        why = f"its class can't be made of these settings ({type(error).__name__})"
        raise _refused(settings, why) from None
    if not isinstance(made, BaseIntegration):
        raise _refused(settings, "what its class makes is no BaseIntegration")
    return made


def _offered(settings: PluginSettings) -> type[BaseIntegration]:
    """Import the class."""
    point = _only_one(settings, _points(settings.type))
    package = _package(point)
    try:
        kind = point.load()
    except ModuleNotFoundError as error:
        why = f"package {package} needs the module {_line(str(error.name))!r}, which is missing"
        raise _refused(settings, why) from None
    except (Exception, SystemExit) as error:  # noqa: BLE001 -- a stranger's, whatever it is
        why = f"package {package} can't be imported ({type(error).__name__})"
        raise _refused(settings, why) from None
    if not (isinstance(kind, type) and issubclass(kind, BaseIntegration)):
        why = f"what package {package} offers is no subclass of BaseIntegration"
        raise _refused(settings, why)
    return kind


def _points(name: str) -> "Sequence[EntryPoint]":
    from importlib.metadata import entry_points  # noqa: PLC0415 -- no part of most starts

    return tuple(entry_points(group=GROUP, name=name))


def _only_one(settings: PluginSettings, points: "Sequence[EntryPoint]") -> "EntryPoint":
    if not points:
        raise _refused(settings, "no installed package offers it")
    if len(points) > 1:
        packages = " and ".join(sorted(map(_package, points)))
        raise _refused(settings, f"packages {packages} offer it; remove all but one of them")
    return points[0]


def _package(point: "EntryPoint") -> str:
    return "of no name" if point.dist is None else _line(point.dist.name)


def _refused(settings: PluginSettings, why: str) -> PluginError:
    return PluginError(f"integrations.{settings.name}.type: {settings.type!r}: {why}")


def _line(text: str) -> str:
    """Make one short line of text that is fit for a terminal."""
    return "".join(char if char.isprintable() else " " for char in text)[:_LONGEST]
