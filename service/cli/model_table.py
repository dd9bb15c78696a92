"""The table of models that ``rollcall check`` prints, however they were found."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from service.cli.table import table

_HEADER: Final = ("MODEL", "SIZE", "FAMILY", "CONTEXT", "CAN")


def model_table(
    models: Sequence[Mapping[str, Any]], *, width: int, with_place: bool = False
) -> str:
    """Lay out entries in the form of ``/v1/models``; ``with_place`` says where each is."""
    header = (*_HEADER, "ON") if with_place else _HEADER
    rows = [_row(model) + ((_place(model),) if with_place else ()) for model in models]
    return table(header, rows, width=width)


def _row(model: Mapping[str, Any]) -> tuple[str, ...]:
    details = model["details"]
    context = details["context_length"]
    can = [name for name, has in model["capabilities"].items() if has]
    return (
        model["id"],
        details["size"] or "-",
        details["family"],
        "-" if context is None else str(context),
        ",".join(can) or "?",
    )


def _place(model: Mapping[str, Any]) -> str:
    return ",".join(model["integrations"])
