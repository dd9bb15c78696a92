"""Paths, command lines and keys that engines list, in whatever field, are not passed on."""

from typing import Any

import orjson
import pytest

from service.core.catalogue import Rules
from service.core.edition import Edition, print_edition
from service.core.moment import Moment
from service.core.reading import Reading, advance
from service.core.snapshot import Snapshot
from service.integrations.engines import ENGINES
from service.integrations.probe import probe
from tests.integrations.engines.backends import BACKENDS, ROUTER, answers_of
from tests.integrations.engines.conftest import MakeCompatible, MakeWatched

CANARY = "canary-7f3a"
ODD: dict[str, Any] = {
    **dict.fromkeys(("path", "root", "model_path", "tokenizer_path", "filename"), f"/srv/{CANARY}"),
    **dict.fromkeys(("parent", "lora_path", "mmproj", "cwd"), f"/srv/{CANARY}/adapter.gguf"),
    **dict.fromkeys(("api_key", "token", "hf_token", "admin_api_key", "key_hash"), f"sk-{CANARY}"),
    **{key: ["serve", "--api-key", CANARY] for key in ("args", "argv", "command", "cmd")},
    **{key: {"KEY": CANARY} for key in ("env", "environment", "preset", "litellm_params")},
    **dict.fromkeys(("api_base", "url", "host", "upstream"), f"http://u:{CANARY}@10.0.0.1"),
    **dict.fromkeys(("publisher", "owner", "user", "email"), f"{CANARY}@example.org"),
    **dict.fromkeys(("chat_template", "description", "system"), f"{{{{ {CANARY} }}}}"),
    "server_args": {"api_key": CANARY, "model": f"/srv/{CANARY}"},
}


def poisoned(value: Any) -> Any:
    """Put something private under every odd name at every level."""
    if isinstance(value, list):
        return [poisoned(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: poisoned(item) for key, item in value.items()} | ODD


@pytest.mark.parametrize("chosen", ["named", "auto"])
@pytest.mark.parametrize("name", [*ENGINES, "router"])
async def test_nothing_that_is_printed_holds_any_of_it(
    upstream_of: MakeWatched, compatible: MakeCompatible, name: str, chosen: str
) -> None:
    backend = BACKENDS.get(name, ROUTER)
    answers = answers_of(name) if name in BACKENDS else dict(ROUTER.answers)
    upstream = await upstream_of(poisoned(answers))
    named = "llamacpp" if name == "router" else name
    integration = compatible(upstream, backend.base, engine=named if chosen == "named" else "auto")
    outcome = await probe(integration, deadline=5.0)
    now = Moment(mono=1.0, wall=1_795_330_800.0)
    reading = advance(Reading(name="gpu", type=integration.kind), outcome, now=now)
    edition = print_edition(
        Snapshot().with_reading(reading), rules=Rules(), now=now, warm=True, before=Edition()
    )
    details = [edition.detail(model_id) for model_id in edition.printed]
    pages = [edition.models, edition.health, edition.integrations, *details]
    printed = b"".join(page.identity.body for page in pages if page is not None)
    assert len(edition.printed) == len(reading.models) > 0
    assert CANARY.encode() in orjson.dumps(upstream.answers[backend.listed])
    for private in (CANARY, "/srv", "--api-key", "sk-", "hf_of_the_router", "/cache"):
        assert private.encode() not in printed
        assert private not in repr(outcome)


@pytest.mark.parametrize("name", ["llamacpp", "tgi"])
async def test_a_model_called_by_its_path_is_shown_without_it(
    upstream_of: MakeWatched, compatible: MakeCompatible, name: str
) -> None:
    answers = answers_of(name)
    entry = answers["/v1/models"]["data"][0]
    entry |= {"id": f"/srv/{CANARY}/tiny.gguf", "aliases": [f"/srv/{CANARY}"]}
    refreshed = await compatible(await upstream_of(answers), engine=name).refresh()
    assert [model.id for model in refreshed.models] == ["tiny.gguf"]
    assert CANARY not in repr(refreshed)
