"""Levels as time passes: the window, an order's hour and its end, on a virtual clock. A3, A4."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count

import pytest

from shared.clock.clock import CST, VirtualClock
from shared.events.alerts.risk import RiskLevelChanged, RiskLevelProposed, SituationChanged
from shared.events.intake.cases import CaseReported
from tests.services.alerts.risk_steps import (
    happened,
    order,
    proposals,
    report,
    report_again,
    state,
    step,
)
from tests.support.harness import COUNTY, Node

NUMBERS = count(1)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node whose clock a test steps."""
    clock = VirtualClock(datetime(2021, 1, 18, 10, tzinfo=CST))
    node = Node(tmp_path_factory.mktemp("timed"), clock=clock)
    node.start()
    yield node
    assert node.dead("alerts") == []
    node.stop()


@pytest.fixture
def area(node: Node) -> str:
    """A community for one test alone, with its township."""
    areas = node.instance.site.areas
    return areas.communities(areas.children(COUNTY)[next(NUMBERS)].code)[0]


def to_midnight(node: Node, days: int) -> None:
    """Step to the beginning of a day ahead."""
    today = node.now().replace(hour=0, minute=0, second=0, microsecond=0)
    step(node, seconds=(today + timedelta(days=days) - node.now()).total_seconds())


def levels(node: Node, area: str) -> list[tuple[str, str]]:
    return [(r.data.level, r.data.reason) for r in happened(node, RiskLevelChanged, area)]


@pytest.mark.requirement("A4")
def test_lower_level_is_proposed_when_the_window_has_elapsed(node: Node, area: str) -> None:
    yesterday = (node.now() - timedelta(days=1)).date().isoformat()
    first = report(node, area, confirmed_on=yesterday)
    second = report(node, area)
    order(node, area, "medium")
    to_midnight(node, 13)
    assert proposals(node, area) == []
    step(node, hours=23)
    assert proposals(node, area) == []
    step(node, hours=1)
    (proposal,) = proposals(node, area)
    assert (proposal["previous"], proposal["level"]) == ("medium", "low")
    assert (proposal["reason"], proposal["evidence"]) == ("window_elapsed", [second])
    assert first not in proposal["evidence"]
    event = happened(node, RiskLevelProposed, area)[-1]
    (reported,) = [r for r in node.logged("intake", CaseReported) if r.data.case_id == second]
    assert event.data.because == reported.causes("2021-01#risk.window_days")
    assert state(node, area)["risk_level"] == "medium"
    answer = node.client("command").post(
        f"/alerts/proposals/{proposal['id']}/decision", {"accept": True, "reason": "同意"}
    )
    assert answer.status_code == 200
    assert levels(node, area) == [("medium", "order"), ("low", "order")]
    assert state(node, area)["risk_level"] == "low"


@pytest.mark.requirement("A4")
def test_ordered_level_stands_when_the_window_elapses_and_no_case_asked_for_it(
    node: Node, area: str
) -> None:
    order(node, area, "high", reason="邻县疫情")
    step(node, days=30)
    assert proposals(node, area, None) == []
    assert state(node, area)["risk_level"] == "high"


@pytest.mark.requirement("A4")
def test_lowered_level_stands_when_cases_are_still_within_the_window(node: Node, area: str) -> None:
    report(node, area)
    order(node, area, "medium")
    step(node, days=9)
    order(node, area, "low", reason="第三轮核酸全部阴性")
    step(node, days=30)
    assert levels(node, area) == [("medium", "order"), ("low", "order")]
    assert len(proposals(node, area, None)) == 1


@pytest.mark.requirement("A4")
def test_proposal_goes_away_by_itself_when_its_case_is_no_longer_new(node: Node, area: str) -> None:
    report(node, area)
    step(node, days=14)
    assert [item["status"] for item in proposals(node, area, None)] == ["withdrawn"]


@pytest.mark.requirement("A4")
def test_level_changes_at_its_hour_when_an_order_names_one(node: Node, area: str) -> None:
    hour = node.now() + timedelta(hours=6)
    answer = order(node, area, "medium", effective_at=hour.isoformat(), document="3号")
    assert answer["risk_level"] == "low"
    (scheduled,) = answer["scheduled"]
    assert (scheduled["level"], scheduled["effective_at"]) == ("medium", hour.isoformat())
    step(node, hours=5)
    assert levels(node, area) == []
    step(node, hours=1)
    (changed,) = happened(node, RiskLevelChanged, area)
    assert changed.data.occurred_at == hour
    assert changed.data.order.effective_at == hour
    found = state(node, area)
    assert (found["risk_level"], found["scheduled"]) == ("medium", [])


@pytest.mark.requirement("A4")
def test_last_word_holds_when_two_orders_name_the_same_hour(node: Node, area: str) -> None:
    hour = (node.now() + timedelta(hours=1)).isoformat()
    order(node, area, "high", effective_at=hour)
    answer = order(node, area, "medium", effective_at=hour)
    assert [item["level"] for item in answer["scheduled"]] == ["medium"]
    step(node, hours=1)
    assert levels(node, area) == [("medium", "order")]


@pytest.mark.requirement("A4")
def test_level_is_open_again_when_an_order_has_come_to_its_end(node: Node, area: str) -> None:
    until = node.now() + timedelta(days=3)
    order(node, area, "high", until=until.isoformat())
    step(node, days=2)
    assert proposals(node, area) == []
    step(node, days=1)
    (proposal,) = proposals(node, area)
    assert (proposal["level"], proposal["reason"]) == ("low", "window_elapsed")
    (changed,) = happened(node, RiskLevelChanged, area)
    (event,) = happened(node, RiskLevelProposed, area)
    assert event.data.because == changed.causes("2021-01#risk.window_days")
    assert state(node, area)["risk_level"] == "high"


@pytest.mark.requirement("A4")
def test_end_of_an_order_is_void_when_another_order_took_its_place(node: Node, area: str) -> None:
    order(node, area, "high", until=(node.now() + timedelta(days=1)).isoformat())
    order(node, area, "medium")
    step(node, days=2)
    assert proposals(node, area, None) == []
    assert state(node, area)["own_level"] == "medium"


@pytest.mark.requirement("A3")
def test_community_is_without_cases_again_when_fourteen_days_have_passed(
    node: Node, area: str
) -> None:
    case = report(node, area, origin="imported")
    report_again(node, case, status="recovered")
    step(node, days=13)
    assert state(node, area)["situation"] == "cases_or_outbreak"
    to_midnight(node, 1)
    assert state(node, area)["situation"] == "no_cases"
    last = happened(node, SituationChanged, area)[-1]
    assert (last.data.previous, last.data.situation) == ("cases_or_outbreak", "no_cases")
    assert last.data.because[0].type == "bulwark.intake.case_reported"
    assert last.data.because[0].policy == "2021-01#situations.no_cases.days_without"


@pytest.mark.requirement("A3")
def test_earlier_situation_comes_back_when_its_last_case_is_the_cause_once_more(
    node: Node, area: str
) -> None:
    day = node.now().date()
    report(node, area, origin="local", confirmed_on=day.isoformat())
    for days_ago in (2, 1):
        confirmed_on = (day - timedelta(days=days_ago)).isoformat()
        report(node, area, origin="unknown", confirmed_on=confirmed_on)
    to_midnight(node, 12)
    assert state(node, area)["situation"] == "cases_or_outbreak"
    found = happened(node, SituationChanged, area)
    assert [r.data.situation for r in found] == ["cases_or_outbreak", "spread", "cases_or_outbreak"]
    first, _, again = found
    assert again.data.because[-1].id == first.data.because[-1].id
    assert again.id != first.id
    to_midnight(node, 2)
    assert state(node, area)["situation"] == "no_cases"
