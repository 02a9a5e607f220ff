"""Any interleaving of intake and alerts ends in the same state when helpers have taken on what was
asked for: some have a fever, some of whom they help are erased. D8, V2, V3."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.events.alerts.fevers import AlertResolved
from shared.events.base import Event
from shared.events.intake.people import PersonErased
from shared.events.volunteers.requests import AssistanceCancelled
from tests.services.volunteers.plays import (
    ALERTS,
    HELPERS,
    PEOPLE,
    PLACES,
    START,
    Ended,
    Ground,
    changed,
    entries,
    fever,
    fevers,
    interleaved,
    known,
    people_events,
    plan_changes,
    played,
    resolutions,
)

alert_events = st.integers(0, 9).flatmap(
    lambda number: fevers if number > 5 else resolutions if number > 3 else plan_changes
)


def begun() -> tuple[list[Event], list[Event]]:
    """Two people who need food and medicine, under a plan that runs."""
    first = known("food", "medicine")
    people = [first, first.model_copy(update={"person_id": PEOPLE[1]})]
    return people, [changed(PLACES[0], START + timedelta(hours=5), "strengthened")]


def ends(
    ground: Ground,
    people: Sequence[Event],
    alerts: Sequence[Event],
    turns: Sequence[tuple[bool, int]] = (),
) -> list[Ended]:
    """What is left when these follow the beginning, in each interleaving."""
    first_people, first_alerts = begun()
    sources = {
        "intake": entries([*first_people, *people]),
        "alerts": entries([*first_alerts, *alerts]),
    }
    before = {"intake": len(first_people), "alerts": len(first_alerts)}
    opening = [(source, run[: before[source]]) for source, run in sources.items()]
    rest = {source: run[before[source] :] for source, run in sources.items()}
    return [played(ground, runs, opening) for runs in interleaved(rest, turns)]


@pytest.mark.requirement("D8")
@settings(
    max_examples=120,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(people_events, min_size=1, max_size=5),
    st.lists(alert_events, min_size=1, max_size=5),
    st.lists(st.tuples(st.booleans(), st.integers(1, 3)), max_size=10),
)
def test_state_is_the_same_when_helpers_stand_down_in_any_interleaving(
    ground: Ground,
    people: list[Event],
    alerts: list[Event],
    turns: list[tuple[bool, int]],
) -> None:
    first, second, third = (each.state for each in ends(ground, people, alerts, turns))
    assert first == second == third


@pytest.mark.requirement("D8")
@pytest.mark.parametrize("told_first", [0, 1])
def test_request_that_nobody_needs_any_more_ends_when_its_helper_stands_down(
    ground: Ground, told_first: int
) -> None:
    # Whom the second helper serves, and who asks for nothing but medicine now.
    person = known("medicine", hours=10, updated=True)
    ended = ends(ground, [person], [fever(1, START + timedelta(hours=9))])[told_first]
    assert {request[2] for request in ended.state["requests"]} == {"medicine"}
    assert [status for _, status, _ in ended.state["helpers"]].count("stood_down") == 1
    [cancelled] = [each for each in ended.told if each["type"] == AssistanceCancelled.type]
    assert cancelled["data"]["reason"] == "no_longer_concerned"


@pytest.mark.requirement("D8")
def test_request_ends_when_its_helper_stands_down_after_the_plan(ground: Ground) -> None:
    over = changed(PLACES[0], START + timedelta(hours=8), "everyday")
    for ended in ends(ground, [], [over, fever(1, START + timedelta(hours=9))]):
        assert ended.state["requests"] == []
        assert len(ended.state["given"]) == 2
        reasons = {
            each["data"]["reason"]
            for each in ended.told
            if each["type"] == AssistanceCancelled.type
        }
        assert reasons == {"plan_ended"}


@pytest.mark.requirement("D8")
def test_request_ends_when_its_helper_stands_down_and_its_person_is_erased(
    ground: Ground,
) -> None:
    erased = PersonErased(area=PLACES[0], occurred_at=START, person_id=PEOPLE[0])
    for ended in ends(ground, [erased], [fever(1, START + timedelta(hours=9))]):
        assert ended.state["requests"] == []
        assert {helper for _, _, helper in ended.state["given"]} == {HELPERS[0]}


@pytest.mark.requirement("V3")
@pytest.mark.parametrize(
    ("outcome", "status"), [(None, "stood_down"), ("false_alarm", "available")]
)
def test_helper_stands_down_and_comes_back_when_erased_before_or_after_the_fever(
    ground: Ground, outcome: str | None, status: str
) -> None:
    at = START + timedelta(hours=9)
    erased = PersonErased(area=PLACES[0], occurred_at=START, person_id=PEOPLE[1])
    alerts: list[Event] = [fever(1, at)]
    if outcome is not None:
        facts = {"area": PLACES[0], "occurred_at": at, "alert_id": ALERTS[1], "outcome": outcome}
        alerts.append(AlertResolved.model_validate(facts))
    for ended in ends(ground, [erased], alerts):
        found = {helper: status for helper, status, _ in ended.state["helpers"]}
        assert found == {HELPERS[0]: "available", HELPERS[1]: status}
        # Whose the fever was is kept as long as it bars somebody, and no longer.
        kept = PEOPLE[1] if outcome is None else None
        assert ended.state["fevers"] == [(ALERTS[1], kept, outcome)]
