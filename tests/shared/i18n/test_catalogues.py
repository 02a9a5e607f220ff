"""Every catalogue says the same in Chinese and in English."""

import string
from pathlib import Path

import polib
import pytest

from shared.i18n.catalogue import Catalogue
from tests.support.paths import ROOT

CHINESE = sorted(
    path for part in ("bulwark", "services", "shared") for path in (ROOT / part).rglob("*zh.po")
)
# What is wrong with a field pydantic says in English itself, unless we say it better.
CHINESE_ALONE = "error."


def messages(path: Path) -> dict[str, str]:
    return {entry.msgid: entry.msgstr for entry in polib.pofile(str(path), wrapwidth=0)}


def both(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """The messages of a pair, Chinese and English."""
    return messages(path), messages(path.with_name(path.name.removesuffix("zh.po") + "en.po"))


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("path", CHINESE, ids=lambda path: str(path.relative_to(ROOT)))
def test_both_languages_have_the_same_messages_when_a_catalogue_is_read(path: Path) -> None:
    zh, en = both(path)
    assert en.keys() <= zh.keys()
    assert {name for name in zh.keys() - en.keys() if not name.startswith(CHINESE_ALONE)} == set()
    assert all(zh.values())
    assert all(en.values())


@pytest.mark.parametrize("path", CHINESE, ids=lambda path: str(path.relative_to(ROOT)))
def test_both_languages_name_the_same_values_when_a_catalogue_is_read(path: Path) -> None:
    zh, en = both(path)
    differing = {name for name in en if placeholders(zh[name]) != placeholders(en[name])}
    assert differing == set()


def test_catalogue_is_found_when_it_lies_beside_the_module(tmp_path: Path) -> None:
    (tmp_path / "zh.po").write_text('msgid "greeting"\nmsgstr "{name},您好"\n', encoding="utf-8")
    (tmp_path / "en.po").write_text('msgid "greeting"\nmsgstr "hello, {name}"\n', encoding="utf-8")
    texts = Catalogue.beside(str(tmp_path / "handlers.py"))
    assert texts.text("greeting", "zh", name="王") == "王,您好"
    assert texts.text("greeting", "en", name="Wang") == "hello, Wang"
