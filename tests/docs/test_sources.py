"""Every tag of a source is explained in docs/sources.md, and what is explained there is used."""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.docs.prose import ROOT, files, in_prose

PAGES = ("sources.md", "sources.zh-CN.md")
TAG = r"[A-Z]{2,6}[0-9]{1,5}"
TAGS = re.compile(rf"\[({TAG}(?:, {TAG})*)\]")
ROW = re.compile(rf"^\| `\[({TAG})\]` \|", re.MULTILINE)


def tags_in(text: str) -> set[str]:
    return parted(TAGS.findall(text))


def parted(found: Iterable[str]) -> set[str]:
    return {tag for together in found for tag in together.split(", ")}


def explained(page: str) -> list[str]:
    return ROW.findall((ROOT / "docs" / page).read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES)
def test_page_explains_just_the_tags_when_all_files_are_read(page: str) -> None:
    pages = {ROOT / "docs" / name for name in PAGES}
    used = set().union(*(parted(in_prose(path, TAGS)) for path in files() if path not in pages))
    assert "PREC21" in used
    assert sorted(explained(page)) == sorted(used)


@pytest.mark.parametrize("page", PAGES)
def test_page_writes_no_unknown_tag_when_it_speaks_of_one(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert tags_in(text) == set(explained(page))


@pytest.mark.parametrize(
    "pack", sorted((ROOT / "policies").glob("*.toml")), ids=lambda path: path.name
)
def test_line_of_a_pack_names_a_tag_when_it_has_a_source(pack: Path) -> None:
    lines = pack.read_text(encoding="utf-8").splitlines()
    sourced = [line for line in lines if "# source: " in line]
    assert sourced
    assert [line for line in sourced if not tags_in(line)] == []
