"""A county whose pack decides by itself: levels follow the cases, orders stand above them. A4."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count

import pytest

from bulwark.data_folder import Folder
from shared.clock.clock import CST, VirtualClock
from shared.events.alerts.risk import RiskLevelChanged, RiskLevelProposed
from shared.events.intake.cases import CaseReported
from tests.services.alerts.risk_steps import happened, order, report, report_again, state, step
from tests.support.harness import COUNTY, Node

NUMBERS = count(1)


def decide_by_itself(folder: Folder) -> None:
    """The county's copy of the pack, in which levels are not only proposed."""
    path = folder.policies / "2021-01.toml"
    text = path.read_text(encoding="utf-8")
    assert 'mode = "order"' in text
    path.write_text(text.replace('mode = "order"', 'mode = "automatic"'), encoding="utf-8")


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node of such a county, whose clock a test steps."""
    clock = VirtualClock(datetime(2021, 1, 18, 10, tzinfo=CST))
    node = Node(tmp_path_factory.mktemp("automatic"), clock=clock)
    node.start(prepare=decide_by_itself)
    yield node
    assert node.dead("alerts") == []
    node.stop()


@pytest.fixture
def area(node: Node) -> str:
    """A community for one test alone, with its township."""
    areas = node.instance.site.areas
    return areas.communities(areas.children(COUNTY)[next(NUMBERS)].code)[0]


def levels(node: Node, area: str) -> list[tuple[str, str]]:
    return [(r.data.level, r.data.reason) for r in happened(node, RiskLevelChanged, area)]


@pytest.mark.requirement("A4")
def test_level_changes_at_once_when_a_case_is_confirmed(node: Node, area: str) -> None:
    case = report(node, area)
    line = "2021-01#risk.units.community.medium_at_new"
    (changed,) = happened(node, RiskLevelChanged, area)
    (reported,) = [r for r in node.logged("intake", CaseReported) if r.data.case_id == case]
    assert (changed.data.level, changed.data.reason) == ("medium", "cases")
    assert (changed.data.evidence, changed.data.policy) == ((case,), line)
    assert changed.data.because == reported.causes(line)
    assert changed.data.order is None
    assert node.logged("alerts", RiskLevelProposed) == []
    assert state(node, area)["own_level"] == "medium"
    assert state(node, area[:9])["own_level"] == "medium"


@pytest.mark.requirement("A4")
def test_level_falls_by_itself_when_the_window_has_elapsed(node: Node, area: str) -> None:
    case = report(node, area)
    report_again(node, case, status="recovered")
    step(node, days=13)
    assert levels(node, area) == [("medium", "cases")]
    step(node, days=1)
    assert levels(node, area) == [("medium", "cases"), ("low", "window_elapsed")]
    last = happened(node, RiskLevelChanged, area)[-1]
    assert last.data.policy == "2021-01#risk.window_days"
    assert last.data.because[0].type == "bulwark.intake.case_reported"


@pytest.mark.requirement("A4")
def test_order_stands_above_the_window_when_the_pack_decides_by_itself(
    node: Node, area: str
) -> None:
    report(node, area)
    order(node, area, "low")
    step(node, days=2)
    assert levels(node, area) == [("medium", "cases"), ("low", "order")]
    report(node, area)
    order(node, area, "medium", reason="维持中风险")
    step(node, days=30)
    assert levels(node, area)[2:] == [("medium", "cases"), ("medium", "order")]
    assert state(node, area)["own_level"] == "medium"


@pytest.mark.requirement("A4")
def test_cases_decide_again_when_an_order_has_come_to_its_end(node: Node, area: str) -> None:
    report(node, area)
    until = node.now().replace(hour=23)
    order(node, area, "low", until=until.isoformat())
    step(node, days=1)
    assert levels(node, area) == [("medium", "cases"), ("low", "order"), ("medium", "cases")]
    ids = [recorded.id for recorded in node.logged("alerts")]
    assert len(ids) == len(set(ids))


@pytest.mark.requirement("A4")
def test_earlier_level_comes_back_when_its_last_case_is_the_cause_once_more(
    node: Node, area: str
) -> None:
    today = node.now().replace(hour=0)
    yesterday = (today - timedelta(days=1)).date().isoformat()
    last = report(node, area, confirmed_on=today.date().isoformat())
    for _ in range(4):
        report(node, area, confirmed_on=yesterday, linked_to=[last])
    step(node, seconds=(today + timedelta(days=13, hours=1) - node.now()).total_seconds())
    assert levels(node, area) == [
        ("medium", "cases"),
        ("high", "cases"),
        ("medium", "window_elapsed"),
    ]
    first, _, again = happened(node, RiskLevelChanged, area)
    assert again.data.because[-1].id == first.data.because[-1].id
    assert again.id != first.id
