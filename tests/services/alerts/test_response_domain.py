"""Which measures start and end: the pure rules of the response. D2."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerts.measures.domain import (
    Ground,
    ImposedSealing,
    MeasureFacts,
    Response,
    ended,
    governing,
    started,
)
from services.alerts.response.domain import Changes, changes, moves, responded
from shared.clock.clock import CST
from shared.events.alerts.response import ResponseChanged, ResponseEnded, ResponseStarted
from shared.events.alerts.risk import RiskLevelChanged
from shared.events.base import Cause
from shared.events.envelope import Recorded
from shared.events.vocabulary import LEVELS, SITUATIONS, Level, Situation
from shared.policy.activities import ActivityStop
from shared.policy.checkpoints import DutyDayAndNight
from shared.policy.pack import MeasureRule, load_pack, measures_for
from tests.support.harness import new_id
from tests.support.paths import SHIPPED_PACK

PACK = load_pack(SHIPPED_PACK)
NOW = datetime(2021, 1, 18, 8, 0, tzinfo=CST)
COUNTY, TOWNSHIP, COMMUNITY = "220581", "220581001", "220581001003"
PLACES = (COMMUNITY, "220581001004", "220581002001")

Active = dict[str, list[MeasureFacts]]
Standing = tuple[Level, Situation]

standings = st.tuples(st.sampled_from(LEVELS), st.sampled_from(SITUATIONS))
counties = st.fixed_dictionaries(dict.fromkeys(PLACES, standings))


def wanted(standing: Mapping[str, Standing]) -> dict[str, tuple[MeasureRule, ...]]:
    return {area: measures_for(*of, (), PACK) for area, of in standing.items()}


def begun(area: str, rule: MeasureRule, *, manual: bool = False) -> MeasureFacts:
    return MeasureFacts(
        new_id(), area, rule.kind, rule.parameters, rule.line, (), since=NOW, manual=manual
    )


def applied(active: Mapping[str, Sequence[MeasureFacts]], found: Changes) -> Active:
    """What is in force after the changes."""
    gone = {facts.id for facts in found.ended}
    after = {area: [one for one in held if one.id not in gone] for area, held in active.items()}
    for area, rule in found.started:
        after.setdefault(area, []).append(begun(area, rule))
    return after


def in_short(active: Mapping[str, Sequence[MeasureFacts | MeasureRule]]) -> dict[str, set[object]]:
    return {
        area: {(one.kind, one.parameters) for one in held} for area, held in active.items() if held
    }


def sealed_manually(area: str) -> MeasureFacts:
    imposed = ImposedSealing(checks=("registration",))
    return MeasureFacts(new_id(), area, "sealing", imposed, None, (), since=NOW, manual=True)


@pytest.mark.requirement("D2")
def test_all_measures_start_when_none_is_active() -> None:
    found = changes(wanted({COMMUNITY: ("medium", "no_cases")}), {})
    assert {rule.kind for _, rule in found.started} == {
        "checkpoint",
        "election_pause",
        "venue_limit",
        "activity_stop",
        "meeting_postponement",
        "service_plan",
        "sanitation",
        "notice",
        "duty_day_and_night",
    }
    assert found.ended == []


def test_nothing_changes_when_the_wanted_measures_are_active() -> None:
    rules = wanted({COMMUNITY: ("high", "spread")})
    active = applied({}, changes(rules, {}))
    assert changes(rules, active) == Changes(())


def test_measure_moves_when_its_response_ended_and_it_is_wanted_as_it_is() -> None:
    rules = wanted({COMMUNITY: ("medium", "no_cases")})
    gone, stays = new_id(), new_id()
    (checkpoint,) = [rule for rule in rules[COMMUNITY] if rule.kind == "checkpoint"]
    held = replace(begun(COMMUNITY, checkpoint), response_id=gone)
    active = {COMMUNITY: [held, sealed_manually(COMMUNITY)]}
    assert moves(rules, active, {stays}) == ((held, checkpoint),)
    assert moves(rules, active, {gone, stays}) == ()
    assert moves({}, active, {stays}) == ()
    other = replace(held, parameters=DutyDayAndNight())
    assert moves(rules, {COMMUNITY: [other]}, {stays}) == ()


def test_measure_is_replaced_when_its_parameters_differ() -> None:
    active = applied({}, changes(wanted({COMMUNITY: ("medium", "no_cases")}), {}))
    found = changes(wanted({COMMUNITY: ("high", "no_cases")}), active)
    steps = {(step.starts or step.ends).kind: step for step in found.steps}  # type: ignore[union-attr]
    replaced = {kind for kind, step in steps.items() if step.starts and step.ends}
    assert replaced == {"activity_stop", "service_plan", "sanitation", "notice"}
    assert steps["venue_limit"].starts is None
    assert steps["venue_closure"].ends is None
    assert steps["sealing"].ends is None
    assert {"checkpoint", "election_pause", "duty_day_and_night"}.isdisjoint(steps)


def test_measures_end_when_an_area_is_no_longer_wanted() -> None:
    active = applied({}, changes(wanted({COMMUNITY: ("medium", "no_cases")}), {}))
    assert changes({}, active).ended == active[COMMUNITY]


@pytest.mark.requirement("D3")
def test_sealing_is_not_proposed_when_it_is_imposed_by_hand() -> None:
    found = changes(
        wanted({COMMUNITY: ("high", "no_cases")}), {COMMUNITY: [sealed_manually(COMMUNITY)]}
    )
    assert "sealing" not in {rule.kind for _, rule in found.started}
    assert found.ended == []


@pytest.mark.requirement("D2")
@given(before=counties, after=counties)
def test_wanted_measures_are_active_when_the_changes_are_applied(
    before: dict[str, Standing], after: dict[str, Standing]
) -> None:
    active = applied({}, changes(wanted(before), {}))
    reached = applied(active, changes(wanted(after), active))
    assert in_short(reached) == in_short(wanted(after))


@pytest.mark.requirement("D2")
@given(start=counties, way=st.lists(counties, max_size=3))
def test_measures_are_those_of_the_start_when_levels_come_back_to_it(
    start: dict[str, Standing], way: list[dict[str, Standing]]
) -> None:
    active = at_start = applied({}, changes(wanted(start), {}))
    for standing in (*way, start):
        active = applied(active, changes(wanted(standing), active))
    assert in_short(active) == in_short(at_start)


@pytest.mark.requirement("D2")
@given(before=counties, after=counties, sealed=st.sets(st.sampled_from(PLACES)))
def test_measures_by_hand_are_untouched_when_levels_change(
    before: dict[str, Standing], after: dict[str, Standing], sealed: set[str]
) -> None:
    manual = {area: [sealed_manually(area)] for area in sealed}
    active = applied(manual, changes(wanted(before), manual))
    found = changes(wanted(after), active)
    assert not [facts for facts in found.ended if facts.manual]
    reached = applied(active, found)
    for area, held in reached.items():
        assert [one for one in held if one.manual] == manual.get(area, [])
        doubled = [one for one in held if one.kind == "sealing" and not one.manual]
        assert not (area in sealed and doubled)


def response(area: str, level: Level, *, hours: int = 0) -> Response:
    return Response(new_id(), area, level, new_id(), (), NOW + timedelta(hours=hours))


@pytest.mark.parametrize(
    ("over", "expected"),
    [
        ({}, None),
        ({COUNTY: ("medium", 0)}, COUNTY),
        ({COUNTY: ("medium", 0), TOWNSHIP: ("high", 1)}, TOWNSHIP),
        ({COUNTY: ("high", 0), TOWNSHIP: ("medium", 1)}, COUNTY),
        ({COUNTY: ("medium", 1), TOWNSHIP: ("medium", 0)}, TOWNSHIP),
        ({COUNTY: ("medium", 0), TOWNSHIP: ("medium", 0)}, COUNTY),
        ({"220581002": ("high", 0)}, None),
    ],
)
def test_strongest_then_first_response_decides_when_several_stand_above(
    over: dict[str, tuple[Level, int]], expected: str | None
) -> None:
    found = {area: response(area, level, hours=at) for area, (level, at) in over.items()}
    decides = governing(found, COMMUNITY)
    assert (decides.area if decides else None) == expected


def level_change(previous: Level, level: Level) -> Recorded[RiskLevelChanged]:
    event = RiskLevelChanged(
        area=TOWNSHIP, occurred_at=NOW, previous=previous, level=level, reason="order"
    )
    return Recorded(new_id(), "alerts", 7, NOW, event)


@pytest.mark.requirement("D2")
@pytest.mark.parametrize(
    ("previous", "level", "kind"),
    [
        ("low", "medium", ResponseStarted),
        ("low", "high", ResponseStarted),
        ("medium", "high", ResponseChanged),
        ("high", "medium", ResponseChanged),
        ("high", "low", ResponseEnded),
        ("medium", "medium", None),
        ("low", "low", None),
    ],
)
def test_response_follows_when_the_level_of_its_area_changes(
    previous: Level, level: Level, kind: type | None
) -> None:
    before = None if previous == "low" else response(TOWNSHIP, previous)
    changed = level_change(previous, level)
    line = PACK.line(f"measures.{level}")
    told = responded(changed, before, new_id(), ("checkpoint",), line, NOW)
    assert type(told) is (kind or type(None))
    if told is not None:
        assert (told.area, told.level, told.previous) == (TOWNSHIP, level, previous)
        assert told.because == changed.causes(line)


def test_event_tells_the_limit_when_activities_are_stopped() -> None:
    because = (Cause(type="t", id=new_id(), area=COUNTY, occurred_at=NOW),)
    stop = ActivityStop(above_people=50)
    ground = Ground(new_id(), "activity_stop", stop, "p#l", because, new_id(), NOW)
    event = started(COMMUNITY, new_id(), ground, NOW)
    assert (event.kind, event.limit, event.because) == ("activity_stop", 50, because)
    other = replace(ground, kind="duty_day_and_night", parameters=DutyDayAndNight())
    assert started(COMMUNITY, new_id(), other, NOW).limit is None


def test_event_names_the_measure_when_it_ends() -> None:
    rule = measures_for("medium", None, (), PACK)[0]
    facts = begun(COMMUNITY, rule)
    because = (Cause(type="t", id=new_id(), area=COUNTY, occurred_at=NOW),)
    event = ended(facts, because, NOW)
    assert (event.measure_id, event.kind, event.area) == (facts.id, "checkpoint", COMMUNITY)
    assert event.because == because
