"""What the project says in words: comments and docstrings of Python, all of other text files."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = next(folder for folder in Path(__file__).parents if (folder / "pyproject.toml").exists())
# What is installed, generated or left behind by a run.
NO_SOURCES = frozenset({"node_modules", "run-data", "bulwark-data", "build", "dist", "__pycache__"})
WRITTEN_BY_HAND = frozenset({".py", ".md", ".toml", ".po", ".html", ".yml", ".yaml", ".csv"})


@cache
def files() -> tuple[Path, ...]:
    """The text files of the project, but those in hidden folders; in a fixed order."""
    return tuple(sorted(_files_below(ROOT)))


def _files_below(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name.startswith(".") or path.name in NO_SOURCES:
            continue
        if path.is_dir():
            yield from _files_below(path)
        elif path.suffix in WRITTEN_BY_HAND:
            yield path


def python_files() -> list[Path]:
    """Those of them that are Python."""
    return [path for path in files() if path.suffix == ".py"]


@cache
def tree_of(path: Path) -> ast.Module:
    """A Python file, parsed."""
    return ast.parse(path.read_text(encoding="utf-8"))


def in_prose(path: Path, pattern: re.Pattern[str]) -> list[str]:
    """What a pattern finds in what a file says to whoever reads it."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py" or not pattern.search(text):
        return pattern.findall(text)
    return pattern.findall("\n".join(_comments_and_docstrings(path, text)))


def _comments_and_docstrings(path: Path, text: str) -> Iterator[str]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.string
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node) or ""
