"""OpenAI itself (openai/openai-python, types/model.py).

It tells when a model was made and, of some, when it is shut down. It says nothing of what a model
can do or how much it takes, so that stays unknown.
"""

from service.core.canonical import described
from service.core.model import Model
from service.integrations.engines.engine import Engine
from service.integrations.engines.openai_list import Entry, name_of, read_with


def _model(entry: Entry) -> Model | None:
    return described(
        name_of(entry),
        created=entry.get("created"),
        extras={"shutdown_date": entry.get("shutdown_date")},
    )


OPENAI = Engine(
    name="openai",
    read=read_with(_model),
    fills_in=(
        ("created", "`created`"),
        ("shutdown_date", "`shutdown_date`"),
    ),
)
"""No engine to choose: it is what ``type: openai`` talks to."""
