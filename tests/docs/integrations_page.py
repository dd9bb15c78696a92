"""Writes ``docs/integrations.md`` out of the code: ``python -m tests.docs.integrations_page``.

What each integration fills in, and where from, stands beside its parser; the page only collects it.
"""

from pathlib import Path

from service.core.guesses import guessed_capabilities
from service.integrations import INTEGRATIONS
from service.integrations.engines import ENGINES
from service.integrations.ollama_parsing import models_from_tags
from tests.fakes import fixture

PAGE = Path(__file__).parents[2] / "docs" / "integrations.md"
COMPATIBLE = "openai-compatible"
INTRODUCTION = """# Integrations

What each kind of integration can tell of its models, and where it has it from. What is not in its
row it does not know, and then says `null`. How each is configured is in [settings.md](settings.md);
how to add one in [adding-an-integration.md](adding-an-integration.md).

This page is written by `make docs` out of the code.
"""
GUESSES = """## Guesses

Where nobody says what a model can do, its name may suggest it; such a fact has the source
`heuristic`. Of the recorded answers whose truth is known, the names settle {made} facts,
and {right} of them are right ({share} %). A wrong guess is put right by `catalogue.overrides`.
"""


def page() -> str:
    """Write the whole page."""
    rows = [
        ("`" + name + "`", fact, where)
        for name, kind in INTEGRATIONS.items()
        if name != COMPATIBLE
        for fact, where in kind.fills_in
    ]
    rows += [
        (f"`{COMPATIBLE}`, engine `{engine.name}`", fact, where)
        for engine in ENGINES.values()
        for fact, where in engine.fills_in
    ]
    table = ["| integration | fact | from |", "|---|---|---|"]
    before = ""
    for name, fact, where in rows:
        table.append(f"| {'' if name == before else name} | {fact} | {where} |")
        before = name
    made, right = precision()
    share = f"{100 * right / made:.0f}"
    return "\n".join(
        [INTRODUCTION, *table, "", GUESSES.format(made=made, right=right, share=share)]
    )


def precision() -> tuple[int, int]:
    """Count the guesses about recorded models, and those of them that are right."""
    recorded = models_from_tags(fixture("ollama/tags.json")).models
    judged = [
        model.capabilities.get(capability, False) is guess
        for model in recorded
        for capability, guess in guessed_capabilities(model.id).items()
    ]
    return len(judged), sum(judged)


if __name__ == "__main__":
    PAGE.write_text(page())
