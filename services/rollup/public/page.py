"""The public page as HTML: plain, self-contained, readable by everyone. D10.

Chinese first, English second. Main text of 18 px and more, a contrast of at least 4.5 to 1,
targets of 44 px: the ministry's accessibility specification.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from shared.clock.clock import CST
from shared.i18n.catalogue import Catalogue

TEXTS = Catalogue.beside(__file__)


@cache
def _template() -> Template:
    return Template((Path(__file__).parent / "page.html").read_text(encoding="utf-8"))


def page(found: Mapping[str, Any]) -> str:
    """The page of what `public_area` found."""
    level, situation = found["level_text"], found["situation_text"]
    hotline = found["hotline"]
    name = escape(found["full_name"])
    return _template().substitute(
        title_zh=_text("page.title", "zh", name=found["full_name"]),
        title_en=_text("page.title", "en", name=found["name"]),
        name=name,
        drill=f'<p class="drill">{_message("page.drill")}</p>' if found["drill"] else "",
        up=_up(found["above"]),
        level=escape(found["level"]),
        level_heading=_heading("level"),
        level_zh=escape(level["zh"]),
        level_en=escape(level["en"]),
        level_notes=_level_notes(found),
        situation_heading=_heading("situation"),
        situation=_both(situation["zh"], situation["en"]) + _since(found["situation_since"]),
        rules_heading=_heading("rules"),
        rules=_list((_rule(rule) for rule in found["rules"]), "page.no_rules"),
        notices_heading=_heading("notices"),
        notices=_list((_notice(notice) for notice in found["notices"]), "page.no_notices"),
        hotline_heading=_heading("hotline"),
        hotline=escape(hotline),
        hotline_digits=escape("".join(c for c in hotline if c.isdigit() or c == "+")),
        roster_heading=_heading("roster"),
        roster=_list((), "page.no_roster"),
        below=_below(found["below"]),
        updated=_message("page.updated", at=_time(found["updated_at"])),
        trust=_message("page.trust"),
    )


def _text(message: str, language: Any, **values: object) -> str:
    return escape(TEXTS.text(message, language, **values))


def _both(zh: str, en: str) -> str:
    return f'{escape(zh)} <span lang="en">{escape(en)}</span>'


def _message(message: str, **values: object) -> str:
    return _both(TEXTS.text(message, "zh", **values), TEXTS.text(message, "en", **values))


def _heading(section: str) -> str:
    return f'<h2 id="{section}">{_message(f"page.{section}")}</h2>'


def _time(at: datetime) -> str:
    return at.astimezone(CST).strftime("%Y-%m-%d %H:%M")


def _since(at: datetime | None) -> str:
    return (
        "" if at is None else f' <span class="when">{_message("page.since", at=_time(at))}</span>'
    )


def _level_notes(found: Mapping[str, Any]) -> str:
    notes = [_message("page.since", at=_time(found["level_since"]))] if found["level_since"] else []
    order = found["order"] or {}
    named = " ".join(order[key] for key in ("issuer", "document") if order.get(key))
    if named:
        notes.append(_message("page.by_order", order=named))
    if order.get("text"):
        notes.append(escape(order["text"]))
    if order.get("until"):
        notes.append(_message("page.until", at=_time(datetime.fromisoformat(order["until"]))))
    return "\n".join(f"<p>{note}</p>" for note in notes)


def _rule(rule: Mapping[str, Any]) -> str:
    said = f'<p>{escape(rule["zh"])}</p>\n<p lang="en">{escape(rule["en"])}</p>'
    spread = ""
    if rule["communities"] is not None:
        spread = f" <span>{_message('page.communities', communities=rule['communities'])}</span>"
    return f'{said}\n<p class="when">{_message("page.since", at=_time(rule["since"]))}{spread}</p>'


def _notice(notice: Mapping[str, Any]) -> str:
    when = _message("page.since", at=_time(notice["since"]))
    english = notice.get("text_en")
    also = f'<p class="notice" lang="en">{escape(english)}</p>\n' if english else ""
    return f'<p class="notice">{escape(notice["text"])}</p>\n{also}<p class="when">{when}</p>'


def _list(items: Iterable[str], otherwise: str) -> str:
    listed = "\n".join(f"<li>{item}</li>" for item in items)
    return f"<ul>\n{listed}\n</ul>" if listed else f"<p>{_message(otherwise)}</p>"


def _up(above: Mapping[str, Any] | None) -> str:
    if above is None:
        return ""
    link = (
        f'<a href="{escape(above["url"])}">{_message("page.above")} · {escape(above["name"])}</a>'
    )
    return f'<nav class="up">{link}</nav>'


def _below(areas: Iterable[Mapping[str, Any]]) -> str:
    items = "\n".join(f"<li>{_area(area)}</li>" for area in areas)
    if not items:
        return ""
    return (
        f'<section aria-labelledby="below">\n{_heading("below")}\n'
        f'<ul class="areas">\n{items}\n</ul>\n</section>'
    )


def _area(area: Mapping[str, Any]) -> str:
    tag = f'<span class="tag {escape(area["level"])}">{escape(area["level_text"]["zh"])}</span>'
    return f'<a href="{escape(area["url"])}"><span>{escape(area["name"])}</span>{tag}</a>'
