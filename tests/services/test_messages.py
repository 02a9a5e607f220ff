"""What a feature says to people lies in its own folder."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.i18n.catalogue import Catalogue
from tests.support.paths import ROOT

FEATURES = sorted(path.parent for path in (ROOT / "services").glob("*/*/zh.po"))


def named(path: Path) -> Iterator[str]:
    """The messages of TEXTS that a module names: `Conflict(TEXTS, "…")`, `TEXTS.text("…")`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        match node.func, node.args:
            case ast.Attribute(value=ast.Name("TEXTS"), attr="text"), [ast.Constant(str(name)), *_]:
                yield name
            case _, [ast.Name("TEXTS"), ast.Constant(str(name)), *_]:
                yield name


@pytest.mark.parametrize("folder", FEATURES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_message_is_in_the_feature_when_its_modules_name_it(folder: Path) -> None:
    texts = Catalogue(folder)
    wanted = {name for path in folder.glob("*.py") for name in named(path)}
    assert {name for name in wanted if not texts.has(name, "zh")} == set()


def test_a_feature_has_its_own_messages_when_any_of_its_modules_speaks() -> None:
    speaking = {
        path.parent
        for path in (ROOT / "services").glob("*/*/*.py")
        if "Catalogue.beside(__file__)" in path.read_text(encoding="utf-8")
    }
    assert speaking == set(FEATURES)
