"""Anything that answers with OpenAI's list and is not known better."""

from service.integrations.engines.engine import Engine
from service.integrations.engines.openai_list import plain_model, read_with

GENERIC = Engine(
    name="generic",
    read=read_with(plain_model),
    fills_in=(
        ("id", "`id`, else `name`"),
        ("created", "`created`, unless it is the time of the poll"),
    ),
)
