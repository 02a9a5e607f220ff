"""What residents are told of an area. D10, V5."""

from datetime import timedelta
from typing import Any

import pytest

from services.rollup.public import domain
from services.rollup.public.domain import Begun, Elsewhere, Ended, Measure, Own
from services.rollup.public.wording import TEXTS, rule_text
from shared.events.alerts.checkpoints import CheckpointOpened, SealingProposed
from shared.events.alerts.elections import ElectionPaused
from shared.events.alerts.measures import MEASURE_KINDS, MeasureKind, MeasureStarted
from shared.events.alerts.notices import NoticeIssued
from shared.events.alerts.service_plans import ServicePlanChanged
from shared.events.alerts.venues import VenueClosed, VenueOpened
from tests.services.rollup.making import MORNING, A, made
from tests.support.harness import new_id

LATER = MORNING + timedelta(hours=3)


def own(area: str, value: str, hours: int = 0) -> Own:
    return Own(area, value, MORNING + timedelta(hours=hours))


@pytest.mark.requirement("D10")
@pytest.mark.parametrize(
    ("levels", "level", "decided"),
    [
        ([], "low", None),
        ([own(A, "medium")], "medium", A),
        ([own("220581", "high"), own(A, "medium")], "high", "220581"),
        ([own("220581", "medium"), own(A, "medium", 1)], "medium", "220581"),
        ([own(A, "low"), own(A + "001", "high")], "low", A),
        ([own("220581002", "high")], "low", None),
    ],
)
def test_level_in_force_is_the_strongest_of_own_and_above_when_they_differ(
    levels: list[Own], level: str, decided: str | None
) -> None:
    found, by = domain.level_in_force(A, levels)
    assert (found, by and by.area) == (level, decided)


def test_situation_is_the_gravest_of_those_within_when_the_area_is_wide() -> None:
    known = [own(A, "cases_or_outbreak"), own("220581100201", "spread", 1)]
    assert domain.situation_in_force("220581", known)[0] == "spread"
    assert domain.situation_in_force("220581001", known)[0] == "cases_or_outbreak"
    assert domain.situation_in_force(A + "001", known)[0] == "cases_or_outbreak"
    assert domain.situation_in_force("220581002", known) == ("no_cases", None)


def test_measure_begins_and_ends_by_what_it_is_about_when_events_say_so() -> None:
    opened = made(CheckpointOpened, checks=["temperature"])
    assert domain.measure_change(opened) == Begun(
        opened.measure_id, opened.measure_id, "checkpoint", {"checks": ["temperature"]}
    )
    closed = made(VenueClosed, kind="library", measure_id=new_id())
    assert domain.measure_change(closed) == Begun(
        closed.venue_id, None, "venue_closure", {"venue": "library"}
    )
    paused = made(ElectionPaused, measure_id=new_id())
    assert domain.measure_change(paused) == Begun(paused.election_id, None, "election_pause", {})
    opened_again = made(VenueOpened, venue_id=closed.venue_id, kind="library")
    assert domain.measure_change(opened_again) == Ended(closed.venue_id)
    stop = made(MeasureStarted, kind="activity_stop", limit=0)
    assert domain.measure_change(stop) == Begun(
        stop.measure_id, stop.measure_id, "activity_stop", {"limit": 0}
    )
    assert domain.measure_change(made(SealingProposed)) is None


def test_area_has_one_service_plan_when_it_changes() -> None:
    plan = made(ServicePlanChanged, previous="everyday", plan="emergency")
    begun = domain.measure_change(plan)
    assert isinstance(begun, Begun)
    assert (begun.id, begun.kind, begun.details) == (A, "service_plan", {"plan": "emergency"})
    back = made(ServicePlanChanged, previous="emergency", plan="everyday")
    assert domain.measure_change(back) == Ended(A)


def test_next_notice_takes_the_place_of_the_last_when_they_are_of_one_measure() -> None:
    measure_id = new_id()
    first, second = (
        domain.measure_change(made(NoticeIssued, level="medium", text=text, measure_id=measure_id))
        for text in ("一", "二")
    )
    assert isinstance(first, Begun)
    assert isinstance(second, Begun)
    assert first.id == second.id != measure_id


def measure(kind: Any, since: Any = MORNING, **details: Any) -> Measure:
    return Measure(kind, A, since, details)


@pytest.mark.requirement("D10")
def test_one_rule_asks_the_strictest_when_measures_of_a_kind_meet() -> None:
    found = domain.rules(
        [
            measure("venue_closure", venue="mahjong_room"),
            measure("venue_closure", LATER, venue="library"),
            measure("activity_stop", limit=50),
            measure("activity_stop", limit=10),
            measure("sanitation", times=1),
            measure("sanitation", times=2),
            measure("checkpoint", checks=["temperature", "registration"]),
            measure("checkpoint", checks=["temperature", "health_code"]),
            measure("notice", text="x", level="low"),
        ],
        [Elsewhere("sealing", 3, LATER), Elsewhere("sanitation", 7, MORNING)],
    )
    assert [(rule.kind, rule.details, rule.communities) for rule in found] == [
        ("checkpoint", {"checks": ["temperature", "registration", "health_code"]}, None),
        ("sealing", {}, 3),
        ("venue_closure", {"venues": ["library", "mahjong_room"]}, None),
        ("activity_stop", {"limit": 10}, None),
        ("sanitation", {"times": 2}, 7),
    ]
    assert next(rule.since for rule in found if rule.kind == "venue_closure") == MORNING


def test_notices_hold_while_their_level_does_when_it_changes() -> None:
    bound = measure("notice", text="中风险", level="medium")
    free = bound._replace(details={"text": "请注意", "level": "medium"}, bound=False, since=LATER)
    repeated = free._replace(since=MORNING)
    said = [bound, free, repeated]
    assert [n.details["text"] for n in domain.notices(said, "medium")] == ["请注意", "中风险"]
    assert domain.notices(said, "low") == []
    assert [n.details["text"] for n in domain.notices(said, "high")] == ["中风险"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_rule_has_words_when_told_to_residents(language: Any) -> None:
    for kind in MEASURE_KINDS:
        if kind != "notice":
            assert TEXTS.has(f"rule.{kind}", language)
    details: list[tuple[MeasureKind, dict[str, Any]]] = [
        ("checkpoint", {"checks": ["temperature"]}),
        ("venue_closure", {"venues": ["library", "market"]}),
        ("venue_limit", {"venues": ["library"]}),
        ("activity_stop", {"limit": 50}),
        ("activity_stop", {"limit": 0}),
        ("service_plan", {"plan": "emergency"}),
        ("sanitation", {"times": 2}),
    ]
    for kind, known in details:
        said = rule_text(kind, known, language)
        assert "rule." not in said
        assert "{" not in said
        assert "—" not in said
    assert "50" in rule_text("activity_stop", {"limit": 50}, language)
