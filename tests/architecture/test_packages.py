"""Each package of `shared` says in its docstring what it promises and what its modules hold."""

import ast
from pathlib import Path

import pytest

from tests.support.paths import ROOT

PACKAGES = sorted(path.parent for path in (ROOT / "shared").glob("*/__init__.py"))
LEAST_LINES, MOST_LINES = 15, 60


def docstring_of(package: Path) -> str:
    source = (package / "__init__.py").read_text(encoding="utf-8")
    return ast.get_docstring(ast.parse(source)) or ""


def test_packages_are_found_when_the_tree_is_read() -> None:
    assert {"events", "http", "inbox", "outbox", "writer"} <= {one.name for one in PACKAGES}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_docstring_is_neither_short_nor_long_when_it_introduces_a_package(package: Path) -> None:
    assert LEAST_LINES <= len(docstring_of(package).splitlines()) <= MOST_LINES


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_docstring_names_every_module_when_it_introduces_a_package(package: Path) -> None:
    docstring = docstring_of(package)
    modules = {path.stem for path in package.glob("*.py")} - {"__init__"}
    assert not [name for name in sorted(modules) if f"`{name}`" not in docstring]
