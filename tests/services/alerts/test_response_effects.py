"""What each kind of measure says when it starts, changes and ends: the events of its feature."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.alerts import checkpoints, notices, sanitation, service_plans
from services.alerts.measures.domain import Ground, MeasureFacts
from services.alerts.response.effects import Effects
from services.alerts.sanitation.domain import first_due
from services.alerts.service_plans.domain import planned_services
from shared.clock.clock import CST
from shared.events.alerts.checkpoints import CheckpointClosed, CheckpointOpened, SealingProposed
from shared.events.alerts.measures import MEASURE_KINDS, MeasureEnded, MeasureKind, MeasureStarted
from shared.events.alerts.notices import NoticeIssued
from shared.events.alerts.sanitation import SanitationOrdered
from shared.events.alerts.service_plans import ServicePlanChanged
from shared.events.base import Cause, Event
from shared.events.vocabulary import LEVELS
from shared.policy.pack import MeasureRule, load_pack, measures_for
from tests.support.harness import new_id
from tests.support.paths import SHIPPED_PACK

PACK = load_pack(SHIPPED_PACK)
NOW = datetime(2021, 1, 18, 8, 0, tzinfo=CST)
COMMUNITY = "220581001003"
STARTS: dict[MeasureKind, type[Event]] = {
    "checkpoint": CheckpointOpened,
    "sealing": SealingProposed,
    "service_plan": ServicePlanChanged,
    "sanitation": SanitationOrdered,
    "notice": NoticeIssued,
}
ENDS: dict[MeasureKind, type[Event]] = {
    "checkpoint": CheckpointClosed,
    "service_plan": ServicePlanChanged,
}


def cause(text: str) -> tuple[Cause, ...]:
    return (Cause(type=text, id=new_id(), area="220581", occurred_at=NOW),)


BEGINNING, ENDING = cause("begun"), cause("ended")
EFFECTS = Effects(
    {**checkpoints.EFFECTS, **service_plans.EFFECTS, **sanitation.EFFECTS, **notices.EFFECTS},
    PACK,
    ENDING,
    NOW,
)
RULES: dict[MeasureKind, MeasureRule] = {
    rule.kind: rule for level in LEVELS for rule in measures_for(level, None, (), PACK)
}


def rule_of(level: Any, kind: MeasureKind) -> MeasureRule:
    return next(rule for rule in measures_for(level, None, (), PACK) if rule.kind == kind)


def ground_of(rule: MeasureRule) -> Ground:
    return Ground(new_id(), rule.kind, rule.parameters, rule.line, BEGINNING, new_id(), NOW)


def facts_of(rule: MeasureRule) -> MeasureFacts:
    return MeasureFacts(
        new_id(), COMMUNITY, rule.kind, rule.parameters, rule.line, BEGINNING, new_id(), NOW
    )


@pytest.mark.requirement("D2")
@pytest.mark.parametrize("kind", MEASURE_KINDS)
def test_event_carries_causes_and_measure_when_a_measure_starts(kind: MeasureKind) -> None:
    measure_id = new_id()
    event: Any = EFFECTS.starts(COMMUNITY, measure_id, ground_of(RULES[kind]), "high")
    assert event.type == STARTS.get(kind, MeasureStarted).type
    assert (event.area, event.occurred_at, event.because) == (COMMUNITY, NOW, BEGINNING)
    assert event.measure_id == measure_id
    assert type(event).model_validate_json(event.model_dump_json()) == event


@pytest.mark.requirement("D2")
@pytest.mark.parametrize("kind", MEASURE_KINDS)
def test_event_carries_causes_and_measure_when_a_measure_ends(kind: MeasureKind) -> None:
    facts = facts_of(RULES[kind])
    event: Any = EFFECTS.ends(facts)
    assert event.type == ENDS.get(kind, MeasureEnded).type
    assert (event.area, event.occurred_at, event.because) == (COMMUNITY, NOW, ENDING)
    assert event.measure_id == facts.id
    assert type(event).model_validate_json(event.model_dump_json()) == event


@pytest.mark.requirement("D8")
def test_service_plan_changes_in_one_event_when_the_level_rises() -> None:
    before, after = facts_of(rule_of("medium", "service_plan")), rule_of("high", "service_plan")
    events: list[Any] = EFFECTS.changes(before, new_id(), ground_of(after), "high")
    assert len(events) == 1
    assert (events[0].previous, events[0].plan) == ("strengthened", "emergency")
    assert events[0].services == planned_services("emergency", PACK)


@pytest.mark.requirement("D8")
def test_everyday_plan_is_back_when_the_measure_ends() -> None:
    event: Any = EFFECTS.ends(facts_of(rule_of("high", "service_plan")))
    assert (event.previous, event.plan, event.services) == ("emergency", "everyday", ())


def test_old_notice_ends_when_another_takes_its_place() -> None:
    before = facts_of(rule_of("medium", "notice"))
    rule = rule_of("high", "notice")
    events: list[Any] = EFFECTS.changes(before, new_id(), ground_of(rule), "high")
    assert [type(event) for event in events] == [MeasureEnded, NoticeIssued]
    assert events[0].measure_id == before.id
    assert (events[1].text, events[1].level) == (rule.parameters.text_zh, "high")  # type: ignore[attr-defined]
    assert events[1].text_en == rule.parameters.text_en  # type: ignore[attr-defined]


@pytest.mark.requirement("D8")
@pytest.mark.parametrize("plan", ["everyday", "strengthened", "emergency"])
def test_event_says_what_the_pack_says_when_a_plan_is_told(plan: Any) -> None:
    told = planned_services(plan, PACK)
    rules = PACK.services.of(plan)
    assert [one.service for one in told] == list(rules)
    for one in told:
        rule = rules[one.service]
        assert (one.kind, one.categories, one.needs, one.due_hours) == (
            rule.request,
            rule.categories,
            rule.needs,
            rule.due_hours,
        )
        assert one.policy == f"2021-01#services.{plan}.{one.service}"


@pytest.mark.requirement("D9")
@pytest.mark.parametrize(
    ("hours", "times_per_day", "due_after"),
    [
        (0, 1, 24),
        (8, 1, 16),
        (8, 2, 4),
        (12, 2, 12),
        (13, 2, 11),
        (23, 1, 1),
        (23.5, 1, 24.5),
        (7.5, 3, 8.5),
    ],
)
def test_round_is_due_at_the_end_of_its_part_of_the_day_when_ordered(
    hours: float, times_per_day: int, due_after: float
) -> None:
    now = datetime(2021, 1, 18, tzinfo=CST) + timedelta(hours=hours)
    assert first_due(now, times_per_day) - now == timedelta(hours=due_after)
