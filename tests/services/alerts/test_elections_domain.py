"""The rules of elections: paused, resumed, overdue, held. D4 [PREC21]."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerts.elections.domain import (
    Election,
    Pause,
    date_fault,
    held,
    held_fault,
    overdue,
    paused_or_resumed,
    rescheduled,
    scheduled,
)
from shared.clock.clock import CST
from shared.events.alerts.elections import (
    ElectionHeld,
    ElectionPaused,
    ElectionPauseOverdue,
    ElectionResumed,
    ElectionScheduled,
)
from shared.events.base import Cause
from shared.events.examples import example_id

AREA = "220581001003"
NOW = datetime(2021, 1, 18, 8, 0, tzinfo=CST)
LINE = "2021-01#elections.pause_limit_days.default"


def cause(name: str, policy: str | None = None) -> Cause:
    kind = "bulwark.alerts.risk_level_changed"
    return Cause(type=kind, id=example_id(name), area=AREA, occurred_at=NOW, policy=policy)


RAISED = (cause("case"), cause("raised", "2021-01#measures.medium.election_pause"))
LOWERED = (cause("lowered"),)
PAUSE = Pause(example_id("measure"), RAISED, 92)


def election(**changes: Any) -> Election:
    polling_on = date(2021, 1, 24)
    plain = Election(example_id("election"), AREA, "换届选举", polling_on, "scheduled", NOW)
    return replace(plain, **changes)


def test_polling_day_is_announced_when_an_election_is_scheduled() -> None:
    step = scheduled(example_id("e"), AREA, "换届选举", date(2021, 1, 24), now=NOW, by="选委会")
    (event,) = step.events
    assert isinstance(event, ElectionScheduled)
    assert (event.polling_on, event.title, event.by) == (date(2021, 1, 24), "换届选举", "选委会")
    assert event.because == ()
    assert step.election.status == "scheduled"


@pytest.mark.parametrize(
    ("polling_on", "fault"),
    [("2021-01-17", "polling_day_past"), ("2021-01-18", None), ("2021-01-19", None)],
)
def test_polling_day_is_refused_when_it_has_passed(polling_on: str, fault: str | None) -> None:
    assert date_fault(date.fromisoformat(polling_on), NOW) == fault


@pytest.mark.requirement("D4")
def test_election_is_paused_with_its_limit_when_the_measure_starts() -> None:
    step = paused_or_resumed(election(), PAUSE, (), NOW)
    assert (step.election.status, step.election.since) == ("paused", NOW)
    assert step.election.pause_limit_on == date(2021, 4, 20)
    (event,) = step.events
    assert isinstance(event, ElectionPaused)
    assert (event.measure_id, event.polling_on) == (PAUSE.measure_id, date(2021, 1, 24))
    assert event.because == RAISED == step.election.because


@pytest.mark.requirement("D4")
@pytest.mark.parametrize(
    ("days", "status", "polling_on"),
    [
        (5, "scheduled", date(2021, 1, 24)),
        (6, "scheduled", date(2021, 1, 24)),
        (7, "awaiting_date", None),
    ],
)
def test_election_goes_on_or_awaits_a_date_when_the_pause_ends(
    days: int, status: str, polling_on: date | None
) -> None:
    paused = paused_or_resumed(election(), PAUSE, (), NOW).election
    step = paused_or_resumed(paused, None, LOWERED, NOW + timedelta(days=days))
    (event,) = step.events
    assert isinstance(event, ElectionResumed)
    assert (step.election.status, event.polling_on) == (status, polling_on)
    assert (event.because, event.measure_id) == (LOWERED, PAUSE.measure_id)
    assert step.election.pause_limit_on is None


@pytest.mark.parametrize("pause", [PAUSE, None])
@pytest.mark.parametrize(
    "given_election",
    [election(status="held"), election(polling_on=date(2021, 1, 17))],
    ids=["held", "polling day gone by"],
)
def test_nothing_happens_when_there_is_nothing_left_to_pause(
    given_election: Election, pause: Pause | None
) -> None:
    step = paused_or_resumed(given_election, pause, LOWERED, NOW)
    assert step.events == ()
    assert step.election == given_election


def test_pause_goes_on_in_silence_when_a_stronger_measure_takes_its_place() -> None:
    paused = paused_or_resumed(election(), PAUSE, (), NOW).election
    stronger = Pause(example_id("stronger"), (cause("high"),), 92)
    step = paused_or_resumed(paused, stronger, (), NOW + timedelta(days=2))
    assert step.events == ()
    assert (step.election.measure_id, step.election.since) == (example_id("stronger"), NOW)


@pytest.mark.requirement("D4")
def test_decision_is_asked_for_once_when_a_pause_reaches_its_limit() -> None:
    paused = paused_or_resumed(election(), PAUSE, (), NOW).election
    early = overdue(paused, LINE, NOW + timedelta(days=91))
    assert (early.election, early.events) == (paused, ())
    then = NOW + timedelta(days=92)
    late = overdue(paused, LINE, then)
    (event,) = late.events
    assert isinstance(event, ElectionPauseOverdue)
    assert event.limit_on == date(2021, 4, 20)
    assert [step.type.rsplit(".", 1)[1] for step in event.because][-1] == "election_paused"
    assert event.because[-1].policy == LINE
    assert event.because[0] == RAISED[0]
    assert late.election.decision_due_since == then
    assert overdue(late.election, LINE, then + timedelta(days=1)).events == ()


def test_no_decision_is_asked_for_when_the_election_is_not_paused() -> None:
    assert overdue(election(), LINE, NOW + timedelta(days=400)).events == ()


@pytest.mark.requirement("D4")
@pytest.mark.parametrize("status", ["scheduled", "awaiting_date", "paused"])
def test_election_has_a_day_again_when_the_committee_sets_one(status: Any) -> None:
    given_election = election(status=status, decision_due_since=NOW, pause_limit_on=NOW.date())
    step = rescheduled(given_election, date(2021, 3, 1), NOW, "降为低风险", "选委会")
    assert (step.election.status, step.election.polling_on) == ("scheduled", date(2021, 3, 1))
    assert step.election.decision_due_since is None
    (event,) = step.events
    assert isinstance(event, ElectionScheduled)
    assert (event.polling_on, event.reason) == (date(2021, 3, 1), "降为低风险")


def test_same_day_is_no_news_when_the_election_has_it_already() -> None:
    assert rescheduled(election(), date(2021, 1, 24), NOW, None, None).events == ()


@pytest.mark.parametrize(
    ("given_election", "days", "fault"),
    [
        (election(), 5, "before_polling_day"),
        (election(), 6, None),
        (election(), 9, None),
        (election(status="paused"), 9, "election_is_paused"),
        (election(status="awaiting_date"), 9, "election_is_awaiting_date"),
        (election(status="held"), 9, "election_is_held"),
    ],
)
def test_election_is_held_only_when_its_day_has_come_and_nothing_stops_it(
    given_election: Election, days: int, fault: str | None
) -> None:
    assert held_fault(given_election, NOW + timedelta(days=days)) == fault


def test_event_names_the_polling_day_when_an_election_was_held() -> None:
    step = held(election(), NOW, "选委会")
    (event,) = step.events
    assert isinstance(event, ElectionHeld)
    assert event.polling_on == date(2021, 1, 24)
    assert step.election.status == "held"


@pytest.mark.requirement("D4")
@given(
    status=st.sampled_from(["scheduled", "awaiting_date", "held"]),
    ahead=st.integers(-30, 30),
    lasting=st.integers(0, 60),
)
def test_status_is_the_same_or_awaits_a_date_when_paused_and_resumed(
    status: Any, ahead: int, lasting: int
) -> None:
    before = election(status=status, polling_on=NOW.date() + timedelta(days=ahead))
    if status == "awaiting_date" and ahead >= 0:
        before = replace(before, polling_on=NOW.date() - timedelta(days=1))
    paused = paused_or_resumed(before, PAUSE, (), NOW).election
    after = paused_or_resumed(paused, None, LOWERED, NOW + timedelta(days=lasting)).election
    assert after.status in (before.status, "awaiting_date")
    assert after.polling_on == before.polling_on


@given(st.lists(st.booleans(), max_size=8), st.integers(0, 8))
def test_end_is_the_same_when_measures_and_scheduling_come_in_any_order(
    measures: list[bool], at: int
) -> None:
    """Whether it is scheduled first or last, an election ends as the measures of the end ask."""
    in_force = [PAUSE if on else None for on in (*measures, bool(measures and measures[-1]))]
    at = min(at, len(in_force) - 1)
    late = paused_or_resumed(election(), in_force[-1], LOWERED, NOW).election
    early = election()
    for pause in in_force[at:]:
        early = paused_or_resumed(early, pause, LOWERED, NOW).election
    assert (early.status, early.measure_id) == (late.status, late.measure_id)
    assert early.pause_limit_on == late.pause_limit_on
