"""Orders given again, and orders beneath the level of an area above. A4."""

from datetime import datetime, timedelta

import pytest

from shared.events.alerts.checkpoints import CheckpointClosed, CheckpointOpened
from shared.events.alerts.risk import RiskLevelChanged
from tests.services.alerts.risk_steps import happened, order, report
from tests.support.harness import Node

AGAIN, BENEATH, TOLD = "220581001001", "220581002001", "220581100201"
ELSEWHERE = "220581103201"


@pytest.mark.requirement("A4")
def test_order_is_told_without_measures_when_the_area_has_the_level_already(
    node: Node,
) -> None:
    area, township = AGAIN, AGAIN[:9]
    until = (node.now() + timedelta(days=30)).isoformat()
    first = order(node, township, "medium", reason="出现病例")
    before = node.logged("alerts")
    body = {"reason": "延长管控", "document": "2021年第9号", "until": until}
    again = order(node, township, "medium", **body)
    (told,) = node.logged("alerts")[len(before) :]
    assert isinstance(told.data, RiskLevelChanged)
    assert (told.data.previous, told.data.level) == ("medium", "medium")
    assert (told.data.previous_in_force, told.data.level_in_force) == ("medium", "medium")
    assert told.data.order is not None
    assert (told.data.order.text, told.data.order.document) == ("延长管控", "2021年第9号")
    assert told.data.order.until == datetime.fromisoformat(until)
    assert (again["since"], again["measures"]) == (first["since"], first["measures"])
    page = node.anyone.get(f"/public/areas/{area}").json()
    assert page["order"]["text"] == "延长管控"
    assert page["level_since"] == first["since"]
    order(node, township, "medium", **body)
    assert len(node.logged("alerts")) == len(before) + 1
    order(node, township, "low")
    assert len(happened(node, CheckpointClosed, area)) == 1
    assert len(happened(node, CheckpointOpened, area)) == 1


@pytest.mark.requirement("A4")
def test_levels_in_force_are_told_when_the_area_above_has_one(node: Node) -> None:
    area = BENEATH
    order(node, area[:9], "medium")
    for level in ("medium", "high", "low"):
        order(node, area, level)
    told = [r.data for r in happened(node, RiskLevelChanged, area)]
    assert [(one.previous, one.level) for one in told] == [
        ("low", "medium"),
        ("medium", "high"),
        ("high", "low"),
    ]
    assert [(one.previous_in_force, one.level_in_force) for one in told] == [
        ("medium", "medium"),
        ("medium", "high"),
        ("high", "medium"),
    ]


@pytest.mark.requirement("P5")
def test_causes_are_told_in_words_when_the_own_log_has_them(node: Node) -> None:
    report(node, TOLD)
    body = {"reason": "出现病例", "issuer": "市指挥部", "document": "2021年第3号"}
    found = order(node, TOLD, "medium", **body)
    (checkpoint,) = [one for one in found["measures"] if one["kind"] == "checkpoint"]
    path = f"/alerts/why/{checkpoint['id']}"
    for role in ("command", "recorder"):
        chain = node.client(role, TOLD).get(path).json()["chain"]
        assert [step["text"] for step in chain[:3]] == [
            "病例报告",
            "建议风险等级由低风险调整为中风险（依据病例）",
            "风险等级由低风险调整为中风险（依据命令），市指挥部，2021年第3号：出现病例",
        ]


@pytest.mark.requirement("P5")
def test_order_from_above_is_told_when_a_community_asks_why(node: Node) -> None:
    township = ELSEWHERE[:9]
    order(node, township, "high", reason="从严", issuer="市指挥部")
    found = node.client("recorder", ELSEWHERE).get(f"/alerts/areas/{ELSEWHERE}").json()
    path = f"/alerts/why/{found['measures'][0]['id']}"
    first = node.client("recorder", ELSEWHERE).get(path).json()["chain"][0]
    told = "风险等级由低风险调整为高风险（依据命令），市指挥部：从严"
    assert (first["area"], first["text"]) == (township, told)
