"""Rules in words for residents, in Chinese and English. D10."""

from collections.abc import Iterable
from typing import Any

from services.rollup.public.domain import Details
from shared.events.wording import value_label
from shared.i18n.catalogue import Catalogue, Language

TEXTS = Catalogue.beside(__file__)


def rule_text(kind: str, details: Details, language: Language) -> str:
    """A rule for residents: `rule.<kind>`, or `rule.<kind>.detailed` when more is known of it."""
    if details.get("limit") == 0:
        return TEXTS.text(f"rule.{kind}.all", language)
    message = f"rule.{kind}.detailed" if details else f"rule.{kind}"
    values: dict[str, Any] = {**details}
    values["checks"] = _listed("checkpoint_check", details.get("checks", ()), language)
    values["venues"] = _listed("venue_kind", details.get("venues", ()), language)
    values["plan"] = value_label("service_plan", details.get("plan", ""), language)
    return TEXTS.text(message, language, **values)


def both(vocabulary: str, value: str) -> dict[str, str]:
    """A value's word in Chinese and English."""
    return {"zh": value_label(vocabulary, value, "zh"), "en": value_label(vocabulary, value, "en")}


def _listed(vocabulary: str, values: Iterable[str], language: Language) -> str:
    words = [value_label(vocabulary, value, language) for value in values]
    return TEXTS.text("list.separator", language).join(words)
