"""Events in words, in Chinese and English, from the catalogues in `locale/`.

A sentence is the event's own message, and after it a message `<event>.<field>` for each optional
field that is there.
"""

import datetime as dt
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Annotated, Union, get_args, get_origin, get_type_hints

from shared.clock import CST
from shared.events.base import AreaCode, Event
from shared.events.measures import PlannedService
from shared.events.values import VOCABULARIES
from shared.text import Catalogue, Language

CATALOGUE = Catalogue(Path(__file__).parent / "locale")

_AREA = "area"
_NAMES = {literal: name for name, literal in VOCABULARIES.items()}


def describe(event: Event, areas_name: Callable[[str], str], language: Language = "zh") -> str:
    """One line that says what happened; `areas_name` gives the name of an area code.

    Times are in China Standard Time. The area of the event itself is not named unless the
    sentence needs it: who prints the line says where.
    """
    words = {
        field: _in_words(getattr(event, field), vocabulary, areas_name, language)
        for field, vocabulary in _vocabularies(type(event)).items()
    }
    clauses = [
        CATALOGUE.text(message, language, **words)
        for field in words
        if CATALOGUE.has(message := f"{event.name}.{field}", language)
        and getattr(event, field) not in (None, False, (), "")
    ]
    return CATALOGUE.text(event.name, language, **words) + "".join(clauses)


def event_label(name: str, language: Language = "zh") -> str:
    """The short noun for an event, by its name (`fever_detected`); the name when it is unknown."""
    return _labelled(f"label.{name}", name, language)


def value_label(vocabulary: str, value: str | int, language: Language = "zh") -> str:
    """The word for a value: `value_label("level", "medium", "zh")`; the value when unknown."""
    return _labelled(f"{vocabulary}.{value}", str(value), language)


def _labelled(message: str, otherwise: str, language: Language) -> str:
    label = CATALOGUE.text(message, language)
    return otherwise if label == message else label


@cache
def _vocabularies(model: type[Event]) -> dict[str, str | None]:
    """The vocabulary of each field of a model; `area` for area codes, None for the rest."""
    hints = get_type_hints(model, include_extras=True)
    return {field: _vocabulary(hints[field]) for field in model.model_fields}


def _vocabulary(hint: object) -> str | None:
    if hint == AreaCode:
        return _AREA
    if get_origin(hint) in (Union, UnionType, tuple):
        return next(filter(None, map(_vocabulary, get_args(hint))), None)
    if get_origin(hint) is Annotated or isinstance(hint, type):
        return None
    return _NAMES.get(hint)


def _in_words(
    value: object,
    vocabulary: str | None,
    areas_name: Callable[[str], str],
    language: Language,
) -> object:
    said = value
    match value:
        case tuple():
            words = [str(_in_words(each, vocabulary, areas_name, language)) for each in value]
            # Several services of a plan may make the same kind of request.
            said = CATALOGUE.text("list.separator", language).join(dict.fromkeys(words))
        case bool():
            said = CATALOGUE.text("truth.true" if value else "truth.false", language)
        case str() | int() if vocabulary:
            is_area = vocabulary == _AREA
            said = areas_name(str(value)) if is_area else value_label(vocabulary, value, language)
        case float() if value.is_integer():
            said = int(value)
        case dt.datetime():
            said = value.astimezone(CST).strftime("%Y-%m-%d %H:%M")
        case PlannedService():
            said = value_label("request_kind", value.kind, language)
    return said
