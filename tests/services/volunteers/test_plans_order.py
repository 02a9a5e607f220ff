"""Any interleaving of intake and alerts ends in the same state. D8."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.events.base import Event, id_from
from shared.events.intake.people import PersonErased
from shared.events.volunteers.requests import AssistanceCancelled
from tests.services.volunteers.plays import (
    PEOPLE,
    PLACES,
    START,
    Ground,
    alert_events,
    both_orders,
    changed,
    entries,
    interleaved,
    known,
    people_events,
    played,
)


@pytest.mark.requirement("D8")
@settings(
    max_examples=120,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(people_events, min_size=1, max_size=6),
    st.lists(alert_events, min_size=1, max_size=6),
    st.lists(st.tuples(st.booleans(), st.integers(1, 3)), max_size=12),
)
def test_state_is_the_same_when_intake_and_alerts_interleave_in_any_way(
    ground: Ground,
    people: list[Event],
    alerts: list[Event],
    turns: list[tuple[bool, int]],
) -> None:
    sources = {"intake": entries(people), "alerts": entries(alerts)}
    ends = [played(ground, runs).state for runs in interleaved(sources, turns)]
    assert ends[0] == ends[1] == ends[2]


@pytest.mark.requirement("D8")
def test_one_request_of_a_kind_is_made_when_person_and_plan_meet_in_either_order(
    ground: Ground,
) -> None:
    plan = changed(PLACES[0], START + timedelta(hours=5), "strengthened")
    for ended in both_orders(ground, [known("food", "medicine")], [plan]):
        made = ended.state["requests"]
        wanted = {
            id_from(plan.derived_id(), f"{PEOPLE[0]}:{kind}") for kind in ("goods", "medicine")
        }
        assert {request[0] for request in made} == wanted
        assert {request[4] for request in made} == {
            START + timedelta(hours=5 + 24),
            START + timedelta(hours=5 + 12),
        }
        for document in ended.told:
            assert document["data"]["because"][-1]["id"] == plan.derived_id()
            policy = document["data"]["because"][-1]["policy"]
            assert policy.startswith("2021-01#services.strengthened.")


@pytest.mark.requirement("D8")
def test_request_is_asked_for_again_when_a_need_went_and_came_back(ground: Ground) -> None:
    people = [
        known("food"),
        known(hours=10, updated=True),
        known("food", hours=20, updated=True),
    ]
    plan = changed(PLACES[0], START + timedelta(hours=5), "strengthened")
    late, early = both_orders(ground, people, [plan])
    assert late.state == early.state
    assert [len(each.told) for each in (late, early)] == [1, 3]
    assert early.state["requests"][0][4] == START + timedelta(hours=20 + 24)


@pytest.mark.requirement("D8")
def test_requests_follow_when_a_person_moves_or_is_erased(ground: Ground) -> None:
    moved = known("food", hours=10, updated=True).model_copy(update={"area": PLACES[2]})
    plans: list[Event] = [
        changed(PLACES[0], START + timedelta(hours=5), "strengthened"),
        changed(PLACES[2], START + timedelta(hours=6), "emergency"),
    ]
    for ended in both_orders(ground, [known("food"), moved], plans):
        assert [request[1] for request in ended.state["requests"]] == [PLACES[2]]
    erased = PersonErased(area=PLACES[0], occurred_at=START, person_id=PEOPLE[0])
    for ended in both_orders(ground, [known("food"), erased], plans):
        assert ended.state["requests"] == []


@pytest.mark.requirement("D8")
def test_first_request_is_kept_when_the_plan_grows_and_ends_with_it(ground: Ground) -> None:
    plans: list[Event] = [
        changed(PLACES[0], START + timedelta(hours=5), "strengthened"),
        changed(PLACES[0], START + timedelta(hours=8), "emergency"),
    ]
    wanted = id_from(plans[0].derived_id(), f"{PEOPLE[0]}:goods")
    for ended in both_orders(ground, [known("food")], plans):
        assert [request[0] for request in ended.state["requests"]] == [wanted]
    plans.append(changed(PLACES[0], START + timedelta(hours=9), "everyday"))
    early, late = both_orders(ground, [known("food")], plans)
    assert early.state["requests"] == late.state["requests"] == []
    told = early.told[-1]
    assert (told["type"], told["data"]["reason"]) == (AssistanceCancelled.type, "plan_ended")
    assert told["causationid"] == plans[-1].derived_id()
