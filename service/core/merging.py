"""One model out of many: what several servers say of the same id, made into one set of facts.

Each fact comes from the first that knows it, in order of priority. A guess counts only where nobody
knows, and guesses from the name fill in what is left.
"""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from service.core.guesses import guessed_capabilities
from service.core.model import Details, Extras, Model, Source


def merged(models: list[Model]) -> Model:
    """Merge what is said of one id; what servers hold in memory stays with them."""
    return _with_guesses(_facts(models))


def _with_guesses(model: Model) -> Model:
    missing = {
        name: guess
        for name, guess in guessed_capabilities(model.id).items()
        if name not in model.capabilities
    }
    if not missing:
        return model
    sources = {f"capabilities.{name}": Source.HEURISTIC for name in missing}
    return replace(
        model,
        capabilities={**model.capabilities, **missing},
        provenance={**model.provenance, **sources},
    )


def _facts(models: list[Model]) -> Model:
    """Take each fact from the first that knows it, a guess only where nobody does.

    What servers hold in memory stays with them.
    """
    first, *others = models
    if not others:
        return replace(first, loaded=None, residence=None) if _is_placed(first) else first
    known: dict[str, Any] = {}
    provenance: dict[str, Source] = {}
    for guesses in (False, True):
        for model in models:
            for name, value in _known(model).items():
                guessed = model.provenance.get(name) is Source.HEURISTIC
                if name not in known and guessed is guesses:
                    known[name] = value
                    provenance |= _source(model, name)
    return Model(
        id=first.id,
        created=known.get("created", 0),
        capabilities=_under("capabilities.", known),
        details=Details(**_under("details.", known)),
        extras=Extras(**{item.name: known.get(item.name) for item in fields(Extras)}),
        provenance=provenance,
        digest=first.digest,
    )


def _is_placed(model: Model) -> bool:
    """Whether it carries what only one server can say of itself."""
    return model.loaded is not None or model.residence is not None


def _known(model: Model) -> dict[str, Any]:
    """List what is known of a model, by the names that provenance uses."""
    known: dict[str, Any] = {f"capabilities.{key}": has for key, has in model.capabilities.items()}
    for prefix, facts in (("details.", model.details), ("", model.extras)):
        for item in fields(facts):
            value = getattr(facts, item.name)
            if value != item.default:
                known[prefix + item.name] = value
    return known | ({"created": model.created} if model.created else {})


def _under(prefix: str, known: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name.removeprefix(prefix): value for name, value in known.items() if name.startswith(prefix)
    }


def _source(model: Model, name: str) -> dict[str, Source]:
    return {name: model.provenance[name]} if name in model.provenance else {}
