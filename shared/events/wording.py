"""Events in words, in Chinese and English, from the `.po` pair beside each noun.

A sentence is the event's own message, and after it a message `<event>.<field>` for each optional
field that is there; an order begins with who issued it, under which number and until when. Where
one sentence does not fit all that an event may say, there are messages `<event>:<variant>`.
"""

import datetime as dt
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Annotated, Union, get_args, get_origin, get_type_hints

from shared.clock.clock import CST
from shared.events.alerts.orders import Order
from shared.events.alerts.risk import RiskLevelChanged
from shared.events.alerts.service_plans import PlannedService
from shared.events.base import AreaCode, Event
from shared.events.vocabulary import VOCABULARIES
from shared.i18n.catalogue import Catalogue, Language

CATALOGUE = Catalogue(Path(__file__).parent, "**/*.{language}.po")

VARIANTS = {RiskLevelChanged.name: ("kept", "own")}
ORDER_CLAUSES = ("issuer", "document", "until")
# The optional fields that are stated even in brief.
ESSENTIAL = ("level_in_force", "order")

_AREA = "area"
_NOTHING = (None, False, (), "")


def describe(
    event: Event,
    areas_name: Callable[[str], str],
    language: Language = "zh",
    *,
    brief: bool = False,
) -> str:
    """One line that says what happened; `areas_name` gives the name of an area code.

    Times are in China Standard Time. The area of the event itself is not named unless the
    sentence needs it: who prints the line says where. In `brief`, as a cause of something else, of
    the optional fields only the level in force is stated, and who ordered, under which number.
    """
    sentence, event = _sentence_and_event(event)
    words = {
        field: _in_words(_in_tongue(event, field, language), vocabulary, areas_name, language)
        for field, vocabulary in _vocabularies(type(event)).items()
    }
    said = [CATALOGUE.text(sentence, language, **words)]
    for field in words:
        message, value = f"{event.name}.{field}", getattr(event, field)
        if brief and field not in ESSENTIAL:
            continue
        if value not in _NOTHING and CATALOGUE.has(message, language):
            if isinstance(value, Order):
                said.extend(_order_clauses(value, areas_name, language))
            if not (brief and isinstance(value, Order)):
                said.append(CATALOGUE.text(message, language, **words))
    return "".join(said)


def described_to(
    event: Event, areas_name: Callable[[str], str], language: Language, *, of_health: bool
) -> str:
    """One line for someone: where the sentence names a temperature, and they have no part in
    people's health, the event's short name alone."""
    if not of_health and getattr(event, "temperature_c", None) is not None:
        return event_label(event.name, language)
    return describe(event, areas_name, language)


def event_label(name: str, language: Language = "zh") -> str:
    """The short noun for an event, by its name (`fever_detected`); the name when it is unknown."""
    return _labelled(f"label.{name}", name, language)


def value_label(vocabulary: str, value: str | int, language: Language = "zh") -> str:
    """The word for a value: `value_label("level", "medium", "zh")`; the value when unknown."""
    return _labelled(f"{vocabulary}.{value}", str(value), language)


def _sentence_and_event(event: Event) -> tuple[str, Event]:
    """The message of an event's sentence, and the event with the fields that it states.

    A level that takes force is stated as the one in force. One that does not is the area's own
    (`own`), and an order for the level that the area already has is `kept`; both state also the
    level in force.
    """
    if not isinstance(event, RiskLevelChanged):
        return event.name, event
    before = event.previous_in_force or event.previous
    now = event.level_in_force or event.level
    if event.level == event.previous:
        stated = {"level_in_force": None if now == event.level else now}
        return f"{event.name}:kept", event.model_copy(update=stated)
    if now == event.level != before:
        stated = {"previous": before, "level_in_force": None}
        return event.name, event.model_copy(update=stated)
    return f"{event.name}:own", event.model_copy(update={"level_in_force": now})


def _in_tongue(event: Event, field: str, language: Language) -> object:
    """A field's value; of a text that is there in both languages the one asked for."""
    english = getattr(event, f"{field}_en", None) if language == "en" else None
    return english or getattr(event, field)


def _order_clauses(order: Order, areas_name: Callable[[str], str], language: Language) -> list[str]:
    return [
        CATALOGUE.text(
            f"order.{name}", language, **{name: _in_words(value, None, areas_name, language)}
        )
        for name in ORDER_CLAUSES
        if (value := getattr(order, name))
    ]


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
    return next((name for name, values in VOCABULARIES.items() if values == hint), None)


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
