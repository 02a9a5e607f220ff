"""Makes docs/requirements.md: `python -m tests.docs.requirements` (`make requirements`).

The ids and their words are in requirements.toml beside this file. Where a requirement lives is read
from the docstrings and comments that name its id, and what proves it from the marks of the tests.
"""

import os
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.docs.marked_tests import MarkedTest, is_test_code, marked_tests
from tests.docs.prose import ROOT, files, in_prose

PAGE = ROOT / "docs" / "requirements.md"
WORDS = Path(__file__).with_name("requirements.toml")
ID = re.compile(r"\b[ADIPRV][0-9]{1,2}\b")
NOT_YET = "not yet"
HEAD = """\
<!-- Made by `make requirements`; do not edit. -->

# Requirements

What the public notices ask for, row by row, each with an id that docstrings and tests name. The
words of the notices stand beside the English; the tags in brackets are explained in
[sources.md](sources.md).

- **Where it lives**: the folders of features, and elsewhere the modules, whose docstrings or
  comments name the id.
- **Proved by**: the files with a test that is marked with the id (`requirement("D4")`) and drives
  running services: it, a fixture or a function of the test code that it uses starts a nats-server
  or `bulwark up`, `run` or `drill`, and so it goes through HTTP or the bus. Without such a test the
  row says *not yet*.
- **Also tested by**: files with marked tests that start neither, such as those of pure rules.

A row that is proved need not be whole: its tests prove what they say, and the notices may ask for
more.
"""
COLUMNS = ("id", "what", "where it lives", "proved by", "also tested by")


class UnknownRequirement(Exception):
    """An id is named somewhere, and requirements.toml does not have it."""


def known() -> dict[str, dict[str, tuple[str, str]]]:
    """By heading and id: what is asked for in English, and in the words of the notices."""
    found = tomllib.loads(WORDS.read_text(encoding="utf-8"))
    return {
        heading: {id_: (english, chinese) for id_, (english, chinese) in rows.items()}
        for heading, rows in found.items()
    }


def named_in_code() -> dict[str, set[Path]]:
    """By id, the files of the product that name it; not tests, docs, or what writes pages."""
    found: dict[str, set[Path]] = defaultdict(set)
    for path in files():
        parts = path.relative_to(ROOT).parts
        if len(parts) > 1 and parts[0] != "docs" and not is_test_code(path) and not is_made(path):
            for id_ in in_prose(path, ID):
                found[id_].add(path)
    return found


def is_made(path: Path) -> bool:
    """Whether a file is a page made from the code, or a development tool that makes such pages."""
    parts = path.relative_to(ROOT).parts
    return parts[:2] == ("bulwark", "development") or (
        parts[0] == "services" and path.name == "README.md"
    )


def named_in_tests() -> set[str]:
    """Every id that a docstring or comment of a test names."""
    return {
        id_
        for path in files()
        if is_test_code(path) and path.suffix == ".py"
        for id_ in in_prose(path, ID)
    }


def place_of(path: Path) -> Path:
    """What is named as the place of a file: its feature's folder, or itself."""
    parts = path.relative_to(ROOT).parts
    is_feature = parts[0] == "services" and len(parts) > 3
    return ROOT.joinpath(*parts[:3]) if is_feature else path


def links(paths: Iterable[Path]) -> str:
    """Links to files from the page, each once, in the order of their names."""
    shown = {path.relative_to(ROOT).as_posix(): path for path in paths}
    return ", ".join(
        f"[{name}]({Path(os.path.relpath(path, PAGE.parent)).as_posix()})"
        for name, path in sorted(shown.items())
    )


def page() -> str:
    """The page as it ought to be; raises UnknownRequirement."""
    code, marked = named_in_code(), marked_tests()
    rows = known()
    ids = {id_ for part in rows.values() for id_ in part}
    used = {*code, *named_in_tests(), *(test.requirement for test in marked)}
    if used - ids:
        raise UnknownRequirement(f"not in {WORDS.name}: {', '.join(sorted(used - ids))}")
    return "\n".join([HEAD, *(_part(heading, rows[heading], code, marked) for heading in rows)])


def _part(
    heading: str,
    rows: Mapping[str, tuple[str, str]],
    code: Mapping[str, set[Path]],
    marked: Iterable[MarkedTest],
) -> str:
    lines = [f"## {heading}", "", _line(COLUMNS), _line("---" for _ in COLUMNS)]
    for id_, (english, chinese) in rows.items():
        tests = [test for test in marked if test.requirement == id_]
        proving = {test.path for test in tests if test.drives_services}
        other = {test.path for test in tests} - proving
        places = links(place_of(path) for path in code.get(id_, ()))
        lines.append(
            _line((id_, f"{english} ({chinese})", places, links(proving) or NOT_YET, links(other)))
        )
    return "\n".join([*lines, ""])


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
