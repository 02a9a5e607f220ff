"""Every event and every value is told in Chinese and in English."""

import datetime as dt
import re
from string import Formatter
from typing import get_args

import pytest
from polib import pofile

from shared.events.alerts.activities import ActivityCalledOff
from shared.events.alerts.orders import Order
from shared.events.alerts.risk import RiskLevelChanged
from shared.events.examples import example_of
from shared.events.intake.movements import DepartureRecorded
from shared.events.intake.observations import CheckInMissed
from shared.events.intake.screenings import ScreeningRecorded
from shared.events.registry import all_events
from shared.events.rollup.reports import ReportSubmitted
from shared.events.vocabulary import VOCABULARIES
from shared.events.wording import (
    CATALOGUE,
    ORDER_CLAUSES,
    VARIANTS,
    describe,
    event_label,
    value_label,
)
from shared.i18n.catalogue import Language
from tests.support.paths import ROOT

EVENTS = ROOT / "shared" / "events"
LANGUAGES: tuple[Language, ...] = ("zh", "en")
EVENT_TYPES = sorted(all_events())


def catalogue(language: Language) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in EVENTS.rglob(f"*.{language}.po"):
        own = {entry.msgid: entry.msgstr for entry in pofile(str(path))}
        assert not own.keys() & found.keys()
        found |= own
    return found


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
    model = all_events()[event_type]
    texts = catalogue(language)
    assert texts[model.name]
    assert texts[f"label.{model.name}"]
    assert event_label(model.name, language) == texts[f"label.{model.name}"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_of_an_event_stand_beside_its_module_when_they_are_looked_for(
    language: Language,
) -> None:
    for model in all_events().values():
        module = ROOT.joinpath(*model.__module__.split("."))
        assert f'msgid "{model.name}"' in module.with_suffix(f".{language}.po").read_text("utf-8")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("vocabulary", sorted(VOCABULARIES))
def test_every_value_has_a_label_when_asked_in_a_language(
    vocabulary: str, language: Language
) -> None:
    texts = catalogue(language)
    for value in get_args(VOCABULARIES[vocabulary]):
        assert texts[f"{vocabulary}.{value}"], value
        assert value_label(vocabulary, value, language) == texts[f"{vocabulary}.{value}"]


def test_catalogues_say_the_same_when_compared() -> None:
    zh, en = catalogue("zh"), catalogue("en")
    assert set(zh) == set(en)
    assert {key: placeholders(text) for key, text in zh.items()} == {
        key: placeholders(text) for key, text in en.items()
    }


def test_catalogue_has_no_message_of_an_unknown_thing_when_read() -> None:
    models = {model.name: model for model in all_events().values()}
    assert not set(models) & set(VOCABULARIES)
    for message in catalogue("zh"):
        head, _, tail = message.partition(".")
        if head == "label":
            assert tail in models
        elif head == "order":
            assert tail in ORDER_CLAUSES
        elif ":" in head:
            name, _, variant = head.partition(":")
            assert variant in VARIANTS[name]
        elif head in models:
            assert not tail or tail in models[head].model_fields
        elif head in VOCABULARIES:
            assert tail in {str(value) for value in get_args(VOCABULARIES[head])}
        else:
            assert message in {"truth.true", "truth.false", "list.separator"}


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_sentence_never_lacks_a_value_when_only_required_fields_are_given(event_type: str) -> None:
    model = all_events()[event_type]
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
    line = describe(example_of(all_events()[event_type]), place, language)
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
    event = example_of(all_events()[event_type])
    assert describe(event, place) == zh
    assert describe(event, place, "en") == en


def test_level_change_tells_the_orders_text_when_it_was_ordered() -> None:
    event = example_of(RiskLevelChanged)
    assert isinstance(event, RiskLevelChanged)
    assert event.order is not None
    assert describe(event, place).endswith(event.order.text)
    by_cases = event.model_copy(update={"order": None, "reason": "cases"})
    assert describe(by_cases, place) == "风险等级由低风险调整为中风险（依据病例）"


@pytest.mark.parametrize(
    ("levels", "zh", "en"),
    [
        (
            ("low", "high", "medium", "high"),
            "风险等级由中风险调整为高风险（依据命令）",
            "The risk level went from medium to high (by order)",
        ),
        (
            ("low", "medium", "medium", "medium"),
            "本级风险等级由低风险调整为中风险（依据命令），现行风险等级为中风险",
            "The area's own risk level went from low to medium (by order), in force: medium",
        ),
        (
            ("high", "low", "high", "medium"),
            "本级风险等级由高风险调整为低风险（依据命令），现行风险等级为中风险",
            "The area's own risk level went from high to low (by order), in force: medium",
        ),
        (
            ("medium", "medium", "medium", "medium"),
            "重申风险等级为中风险（依据命令）",
            "The risk level medium was confirmed (by order)",
        ),
        (
            ("low", "low", "high", "high"),
            "重申风险等级为低风险（依据命令），现行风险等级为高风险",
            "The risk level low was confirmed (by order), in force: high",
        ),
        (
            ("medium", "high", None, None),
            "风险等级由中风险调整为高风险（依据命令）",
            "The risk level went from medium to high (by order)",
        ),
    ],
)
def test_level_in_force_is_told_when_a_level_changes(
    levels: tuple[str | None, ...], zh: str, en: str
) -> None:
    fields = ("previous", "level", "previous_in_force", "level_in_force")
    event = example_of(RiskLevelChanged)
    event = event.model_copy(update={**dict(zip(fields, levels, strict=True)), "order": None})
    assert describe(event, place) == zh
    assert describe(event, place, "en") == en


def test_issuer_document_and_end_are_told_when_an_order_has_them() -> None:
    event = example_of(RiskLevelChanged)
    until = dt.datetime(2021, 2, 1, 0, tzinfo=dt.UTC)
    order = Order(text="延长", issuer="市指挥部", document="2021年第9号", until=until)
    told = describe(event.model_copy(update={"order": order}), place)
    assert told.endswith("（依据命令），市指挥部，2021年第9号，有效期至 2021-02-01 08:00：延长")
    bare = describe(event.model_copy(update={"order": Order(text="延长")}), place)
    assert bare.endswith("（依据命令）：延长")


def test_only_who_ordered_is_told_besides_when_an_event_is_told_in_brief() -> None:
    screening = example_of(ScreeningRecorded)
    assert isinstance(screening, ScreeningRecorded)
    assert describe(screening, place, brief=True) == CATALOGUE.text(
        "screening_recorded", place_kind=value_label("place_kind", screening.place_kind)
    )
    event = example_of(RiskLevelChanged)
    assert isinstance(event, RiskLevelChanged)
    assert event.order is not None
    whole = describe(event, place)
    assert whole.endswith(event.order.text)
    assert whole.startswith(brief := describe(event, place, brief=True))
    assert str(event.order.document) in brief
    assert event.order.text not in brief


def test_text_is_in_one_language_when_an_event_has_it_in_both() -> None:
    event = example_of(ActivityCalledOff)
    event = event.model_copy(update={"reason": "现行规定不得举办", "reason_en": "not allowed"})
    assert describe(event, place).endswith("：现行规定不得举办")
    assert describe(event, place, "en").endswith(": not allowed")


def test_areas_are_named_when_a_sentence_needs_them() -> None:
    event = example_of(DepartureRecorded)
    assert isinstance(event, DepartureRecorded)
    line = describe(event, {event.from_area: "东街社区", event.to_area: "西街社区"}.__getitem__)
    assert line == "从东街社区前往西街社区，预计 2021-01-19 到达"


def test_zero_report_is_said_only_when_it_is_one() -> None:
    report = example_of(ReportSubmitted)
    assert describe(report, place) == "报送 2021-01-18 日报"
    nothing = report.model_copy(update={"zero": True, "late": True})
    assert describe(nothing, place) == "报送 2021-01-18 日报，零报告，迟报"


def test_times_are_in_china_standard_time_when_told() -> None:
    missed = example_of(CheckInMissed)
    in_utc = type(missed).model_validate(
        {**missed.model_dump(), "due_at": "2021-01-18T10:00:00+00:00"}
    )
    assert describe(in_utc, place) == "2021-01-18 18:00 的观察打卡未到"


def test_name_itself_is_given_when_no_label_is_known() -> None:
    assert event_label("comet_seen") == "comet_seen"
    assert value_label("level", "extreme", "en") == "extreme"
    assert not CATALOGUE.has("level.extreme", "en")
