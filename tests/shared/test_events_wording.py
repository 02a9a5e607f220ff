"""Every event and every value is told in Chinese and in English."""

import re
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.pofile import read_po

from shared.events import REGISTRY
from shared.events.alerts import RiskLevelChanged
from shared.events.examples import example_of
from shared.events.intake import DepartureRecorded
from shared.events.values import VOCABULARIES, values_of
from shared.events.wording import CATALOGUE, describe, event_label, value_label
from shared.text import Language

LOCALE = Path(__file__).parents[2] / "shared" / "events" / "locale"
LANGUAGES: tuple[Language, ...] = ("zh", "en")
EVENT_TYPES = sorted(REGISTRY)


def catalogue(language: Language) -> dict[str, str]:
    with (LOCALE / f"{language}.po").open(encoding="utf-8") as file:
        return {str(entry.id): str(entry.string) for entry in read_po(file) if entry.id}


def placeholders(template: str) -> set[str]:
    """The fields that a template names, without what follows a dot."""
    return {name.split(".")[0] for _, name, _, _ in Formatter().parse(template) if name}


def place(code: str) -> str:
    return f"<{code}>"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_event_has_sentence_and_label_when_asked_in_a_language(
    event_type: str, language: Language
) -> None:
    model = REGISTRY[event_type]
    texts = catalogue(language)
    assert texts[model.name]
    assert texts[f"label.{model.name}"]
    assert event_label(model.name, language) == texts[f"label.{model.name}"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("vocabulary", sorted(VOCABULARIES))
def test_every_value_has_a_label_when_asked_in_a_language(
    vocabulary: str, language: Language
) -> None:
    texts = catalogue(language)
    for value in values_of(vocabulary):
        assert texts[f"{vocabulary}.{value}"], value
        assert value_label(vocabulary, value, language) == texts[f"{vocabulary}.{value}"]


def test_catalogues_say_the_same_when_compared() -> None:
    zh, en = catalogue("zh"), catalogue("en")
    assert set(zh) == set(en)
    assert {key: placeholders(text) for key, text in zh.items()} == {
        key: placeholders(text) for key, text in en.items()
    }


def test_catalogue_has_no_message_of_an_unknown_thing_when_read() -> None:
    models = {model.name: model for model in REGISTRY.values()}
    assert not set(models) & set(VOCABULARIES)
    for message in catalogue("zh"):
        head, _, tail = message.partition(".")
        if head == "label":
            assert tail in models
        elif head in models:
            assert not tail or tail in models[head].model_fields
        elif head in VOCABULARIES:
            assert tail in {str(value) for value in values_of(head)}
        else:
            assert message in {"truth.true", "truth.false", "list.separator"}


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_sentence_never_lacks_a_value_when_only_required_fields_are_given(event_type: str) -> None:
    model = REGISTRY[event_type]
    texts = catalogue("zh")
    sure = {
        name
        for name, field in model.model_fields.items()
        if field.is_required() or field.get_default() not in (None, ())
    }
    assert placeholders(texts[model.name]) <= sure
    for field in model.model_fields:
        assert placeholders(texts.get(f"{model.name}.{field}", "")) <= sure | {field}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_description_is_one_whole_line_when_an_event_is_told(
    event_type: str, language: Language
) -> None:
    line = describe(example_of(event_type), place, language)
    assert line.strip() == line
    assert not re.search(r"[{}\n—_]|None|T\d\d:|Z$", line)


@pytest.mark.parametrize(
    ("event_type", "zh", "en"),
    [
        ("bulwark.alerts.fever_detected", "发现发热 38.2 °C", "A fever of 38.2 °C was found"),
        (
            "bulwark.alerts.election_paused",
            "暂停换届选举（原定 2021-01-24 投票）",
            "An election was paused (polling was on 2021-01-24)",
        ),
        (
            "bulwark.alerts.service_plan_changed",
            "社区服务由日常服务调整为加强服务：送药、老人照料",
            "The service plan went from everyday to strengthened: medicine, care of the old",
        ),
        (
            "bulwark.alerts.venue_limited",
            "图书室限流，最多20人",
            "Limited to 20 people: library",
        ),
    ],
)
def test_description_says_what_happened_when_read(event_type: str, zh: str, en: str) -> None:
    event = example_of(event_type)
    assert describe(event, place) == zh
    assert describe(event, place, "en") == en


def test_level_change_tells_the_orders_text_when_it_was_ordered() -> None:
    event = example_of("bulwark.alerts.risk_level_changed")
    assert isinstance(event, RiskLevelChanged)
    assert event.order is not None
    assert describe(event, place).endswith(event.order.text)
    by_cases = event.model_copy(update={"order": None, "reason": "cases"})
    assert describe(by_cases, place) == "风险等级由低风险调整为中风险（依据病例）"


def test_areas_are_named_when_a_sentence_needs_them() -> None:
    event = example_of("bulwark.intake.departure_recorded")
    assert isinstance(event, DepartureRecorded)
    line = describe(event, {event.from_area: "东街社区", event.to_area: "西街社区"}.__getitem__)
    assert line == "从东街社区前往西街社区，预计 2021-01-19 到达"


def test_zero_report_is_said_only_when_it_is_one() -> None:
    report = example_of("bulwark.rollup.report_submitted")
    assert describe(report, place) == "报送 2021-01-18 日报"
    nothing = report.model_copy(update={"zero": True, "late": True})
    assert describe(nothing, place) == "报送 2021-01-18 日报，零报告，迟报"


def test_times_are_in_china_standard_time_when_told() -> None:
    missed = example_of("bulwark.intake.check_in_missed")
    in_utc = type(missed).model_validate(
        {**missed.model_dump(), "due_at": "2021-01-18T10:00:00+00:00"}
    )
    assert describe(in_utc, place) == "2021-01-18 18:00 的观察打卡未到"


def test_name_itself_is_given_when_no_label_is_known() -> None:
    assert event_label("comet_seen") == "comet_seen"
    assert value_label("level", "extreme", "en") == "extreme"
    assert not CATALOGUE.has("level.extreme", "en")
