"""The glossary: in order, each term once, and what it points at is there."""

import re

import pytest

from tests.docs.prose import ROOT

PAGE = ROOT / "docs" / "glossary.md"
ROW = re.compile(r"^\| \*\*(.+?)\*\* \| (.+?) \| (.+) \| \[(.+)\]\(\.\./(.+)\) \|$", re.MULTILINE)


def parts() -> list[str]:
    return PAGE.read_text(encoding="utf-8").split("\n## ")[1:]


def test_every_row_is_read_when_the_page_is_parsed() -> None:
    lines = [line for part in parts() for line in part.splitlines() if line.startswith("| **")]
    assert len(lines) == len([row for part in parts() for row in ROW.findall(part)]) > 50


def test_terms_stand_once_and_in_order_when_read_part_by_part() -> None:
    for part in parts():
        terms = [term.lower() for term, *_rest in ROW.findall(part)]
        assert terms == sorted(set(terms))


@pytest.mark.parametrize(
    ("term", "shown", "target"),
    [(term, shown, target) for part in parts() for term, _, _, shown, target in ROW.findall(part)],
)
def test_place_of_a_term_exists_when_it_is_followed(term: str, shown: str, target: str) -> None:
    assert shown == target
    assert (ROOT / target).exists(), term


def test_chinese_stands_beside_each_term_when_it_is_explained() -> None:
    assert all(
        re.search(r"[\u4e00-\u9fff]", chinese)
        for part in parts()
        for _term, chinese, *_rest in ROW.findall(part)
    )
