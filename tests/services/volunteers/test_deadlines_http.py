"""Nothing waits past its deadline unseen, on a clock that is stepped. V2."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from shared.clock.clock import CST, VirtualClock
from shared.events.alerts.fevers import AlertResolved
from shared.events.volunteers.helpers import HelperReturned
from shared.events.volunteers.requests import AssistanceEscalated, AssistanceRequested
from tests.services.volunteers.world import (
    fever,
    helper,
    listed,
    person,
    plan,
    request,
    standing,
    tell,
)
from tests.support.harness import Node, new_id

AREA = "220581001001"
START = datetime(2021, 1, 18, 8, tzinfo=CST)


@pytest.fixture(scope="module")
def stepped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Node, VirtualClock]]:
    clock = VirtualClock(START)
    node = Node(tmp_path_factory.mktemp("deadlines"), clock=clock)
    node.start()
    yield node, clock
    node.stop()


def escalated(node: Node) -> list[str]:
    return [each.data.request_id for each in node.logged("volunteers", AssistanceEscalated)]


@pytest.mark.requirement("V2")
def test_request_climbs_once_when_nobody_has_begun_in_time(
    stepped: tuple[Node, VirtualClock],
) -> None:
    node, clock = stepped
    coordinator = node.client("coordinator")
    due = clock.now() + timedelta(hours=10)
    untouched, begun, cancelled = (
        request(coordinator, AREA, "child_care", due_at=due.isoformat()) for _ in range(3)
    )
    helper_id = helper(coordinator, AREA, "farm_work")
    for each in (begun, untouched):
        coordinator.post(f"/volunteers/requests/{each}/match", {"helper_id": helper_id})
    coordinator.post(f"/volunteers/requests/{begun}/start")
    coordinator.post(f"/volunteers/requests/{cancelled}/cancel", {"reason": "x"})
    clock.step_to(due - timedelta(minutes=61))
    node.tick()
    assert escalated(node) == []
    clock.step_to(due - timedelta(minutes=60))
    node.tick()
    assert escalated(node) == [untouched]
    [event] = node.logged("volunteers", AssistanceEscalated)
    assert (event.data.level, event.data.occurred_at) == ("township", clock.now())
    line = "2021-01#requests.escalate_minutes_before_due"
    assert event.data.because[-1].policy == line
    clock.step_to(due + timedelta(days=1))
    node.tick()
    assert escalated(node) == [untouched]
    assert standing(coordinator, untouched)["escalated_at"] is not None
    coordinator.patch(f"/volunteers/helpers/{helper_id}", {"status": "away"})


@pytest.mark.requirement("D8")
def test_due_times_follow_the_plan_and_climb_when_it_finds_nobody(
    stepped: tuple[Node, VirtualClock],
) -> None:
    node, clock = stepped
    area, at = "220581002001", clock.now()
    person_id = person(node, area, "medicine")
    plan(node, area, "strengthened", medicine_delivery=("medicine", "medicine", 12.0))
    [made] = listed(node.client("coordinator"), "requests", area=area)
    assert (made["person_id"], datetime.fromisoformat(made["due_at"])) == (
        person_id,
        at + timedelta(hours=12),
    )
    clock.step_to(at + timedelta(hours=11))
    node.tick()
    assert made["id"] in escalated(node)
    [asked] = [
        each
        for each in node.logged("volunteers", AssistanceRequested)
        if each.data.request_id == made["id"]
    ]
    climbed = node.logged("volunteers", AssistanceEscalated)[-1]
    assert climbed.data.because[-1].id == asked.id
    assert [cause.type for cause in climbed.data.because[:-1]] == [
        "bulwark.alerts.risk_level_changed",
        "bulwark.alerts.service_plan_changed",
    ]


@pytest.mark.requirement("V2")
def test_matching_happens_at_the_same_instant_when_the_clock_stands(
    stepped: tuple[Node, VirtualClock],
) -> None:
    node, clock = stepped
    coordinator, area = node.client("coordinator"), "220581002002"
    helper_id = helper(coordinator, area, "errand")
    request_id = request(coordinator, area, "errand")
    node.tick()
    found = standing(coordinator, request_id)
    assert (found["helper_id"], datetime.fromisoformat(found["matched_at"])) == (
        helper_id,
        clock.now(),
    )


@pytest.mark.requirement("V2")
@pytest.mark.requirement("V3")
def test_begun_request_climbs_when_its_helper_had_a_fever_and_nobody_else_is_there(
    stepped: tuple[Node, VirtualClock],
) -> None:
    node, clock = stepped
    coordinator, area, person_id = node.client("coordinator"), "220581002003", new_id()
    due = clock.now() + timedelta(hours=10)
    request_id = request(coordinator, area, "elder_care", due_at=due.isoformat())
    helper(coordinator, area, "elder_care", person_id=person_id)
    node.tick()
    assert coordinator.post(f"/volunteers/requests/{request_id}/start").status_code == 200
    tell(node, "alerts", fever(node, area, person_id))
    clock.step_to(due - timedelta(hours=1))
    node.tick()
    assert standing(coordinator, request_id)["status"] == "open"
    assert request_id in escalated(node)


@pytest.mark.requirement("V3")
def test_helper_comes_back_when_the_window_of_a_closed_fever_is_over(
    stepped: tuple[Node, VirtualClock],
) -> None:
    node, clock = stepped
    coordinator, area, person_id = node.client("coordinator"), "220581002001", new_id()
    helper_id = helper(coordinator, area, "goods", person_id=person_id)
    path = f"/volunteers/helpers/{helper_id}"
    found = fever(node, area, person_id)
    over = clock.now() + timedelta(days=node.instance.site.pack().risk.window_days)
    facts = {"area": area, "alert_id": found.alert_id, "outcome": "observed"}
    tell(node, "alerts", found)
    closed = AlertResolved.model_validate({**facts, "occurred_at": clock.now()})
    tell(node, "alerts", closed)
    clock.step_to(over - timedelta(minutes=1))
    node.tick()
    assert coordinator.get(path).json()["status"] == "stood_down"
    late = helper(coordinator, area, "goods", person_id=person_id)
    assert coordinator.get(f"/volunteers/helpers/{late}").json()["status"] == "stood_down"
    clock.step_to(over)
    node.tick()
    for each in (helper_id, late):
        assert coordinator.get(f"/volunteers/helpers/{each}").json()["status"] == "available"
        [back] = [
            told
            for told in node.logged("volunteers", HelperReturned)
            if told.data.helper_id == each
        ]
        cause = back.data.because[-1]
        assert (cause.type, cause.policy) == (AlertResolved.type, "2021-01#risk.window_days")
        assert back.data.reason == "fever"
