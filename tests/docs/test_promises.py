"""The ledger of promises is true: what is called kept is proved by tests that exist and run."""

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PROMISES: list[dict[str, Any]] = yaml.safe_load((ROOT / "docs/promises.yaml").read_text())
PROOFS = sorted({proof for promise in PROMISES for proof in promise["proof"]})
NEVER_RUN = ("skip", "skipif", "xfail", "importorskip")


def test_there_are_nine_of_them_in_order() -> None:
    assert [promise["id"] for promise in PROMISES] == [
        "never-blocks",
        "never-shrinks",
        "never-costs",
        "never-flaps",
        "never-takes-the-fleet-down",
        "replicas-agree",
        "fast",
        "truthful",
        "safe",
    ]


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise["id"])
def test_each_says_how_it_stands(promise: dict[str, Any]) -> None:
    assert set(promise) == {"id", "promise", "state", "proof", "missing"}
    assert promise["state"] in {"kept", "partly", "open"}
    assert promise["promise"].strip()
    if promise["state"] == "kept":
        assert promise["proof"]
        assert promise["missing"] is None
    else:
        assert promise["missing"].strip().endswith(".")
    if promise["state"] == "partly":
        assert promise["proof"]


@pytest.mark.parametrize("proof", PROOFS)
def test_each_proof_is_a_test_that_exists_and_is_not_skipped(proof: str) -> None:
    path, *names = proof.split("::")
    assert names, f"{proof} names no test"
    tree: ast.AST = ast.parse((ROOT / path).read_text())
    assert not _marks(tree, "pytestmark")
    for name in names:
        found = [
            node
            for node in ast.iter_child_nodes(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            and node.name == name
        ] or _assigned(tree, name)
        assert found, f"{path} has no {name}"
        tree = found[-1]
        for decorator in getattr(tree, "decorator_list", ()):
            assert not any(word in ast.unparse(decorator) for word in NEVER_RUN)
    assert not any(f"pytest.{word}(" in ast.unparse(tree) for word in NEVER_RUN)


def _assigned(tree: ast.AST, name: str) -> list[ast.AST]:
    """Find ``TestThing = Machine.TestCase``, as hypothesis' state machines are written."""
    return [
        node
        for node in ast.iter_child_nodes(tree)
        if isinstance(node, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
    ]


def _marks(tree: ast.AST, name: str) -> bool:
    return any(
        any(word in ast.unparse(node) for word in NEVER_RUN) for node in _assigned(tree, name)
    )
