"""Sealed management through HTTP: proposed by the plan, imposed and lifted by order. D3."""

from typing import Any

import pytest
from sqlalchemy.event import listen, remove

from shared.events.alerts.checkpoints import (
    CheckpointClosed,
    CheckpointOpened,
    SealingImposed,
    SealingLifted,
    SealingProposed,
)
from shared.events.alerts.measures import MeasureEnded
from tests.services.alerts.risk_steps import happened, order, state
from tests.support.harness import Node, new_id

COMMUNITIES = [f"220581102{number}" for number in range(201, 211)]
TOWNSHIP, WIDE = "220581105", "220581106"


def sealing(node: Node, area: str) -> list[dict[str, Any]]:
    return [one for one in state(node, area)["measures"] if one["kind"] == "sealing"]


def ordered(node: Node, area: str, **body: Any) -> dict[str, Any]:
    answer = node.client("command").post(
        f"/alerts/areas/{area}/sealing", {"id": new_id(), "reason": "按照部署", **body}
    )
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.requirement("D3")
def test_checkpoint_opens_and_closes_when_the_level_rises_and_falls(node: Node) -> None:
    area = COMMUNITIES[0]
    order(node, area, "medium")
    (opened,) = happened(node, CheckpointOpened, area)
    assert opened.data.checks == ("temperature", "health_code", "registration")
    order(node, area, "low")
    (closed,) = happened(node, CheckpointClosed, area)
    assert closed.data.measure_id == opened.data.measure_id
    assert closed.data.because[-1].policy == "2021-01#measures.low"


@pytest.mark.requirement("D3")
def test_sealing_is_never_imposed_when_the_plan_only_proposes_it(node: Node) -> None:
    area = COMMUNITIES[1]
    order(node, area, "high")
    (proposed,) = happened(node, SealingProposed, area)
    assert [one["status"] for one in sealing(node, area)] == ["proposed"]
    order(node, area, "low")
    ended = [r.data.kind for r in happened(node, MeasureEnded, area)]
    assert "sealing" in ended
    assert not happened(node, SealingImposed, area)
    assert [one["id"] for one in sealing(node, area)] == [proposed.data.measure_id]


@pytest.mark.requirement("D3")
def test_proposal_becomes_the_sealing_when_the_command_orders_it(node: Node) -> None:
    area = COMMUNITIES[2]
    order(node, area, "high")
    (proposed,) = happened(node, SealingProposed, area)
    answer = ordered(node, area, issuer="市疫情防控指挥部", document="2021年第5号")
    (imposed,) = happened(node, SealingImposed, area)
    assert imposed.data.measure_id == proposed.data.measure_id
    assert imposed.data.because[-1].id == proposed.id
    assert imposed.data.order.document == "2021年第5号"
    assert imposed.data.order.text == "按照部署"
    (one,) = sealing(node, area)
    assert answer["measures"] == [one]
    assert (one["status"], one["source"]) == ("active", "manual")
    assert one["always_pass"] == ["ambulance", "fire_engine", "rescue"]
    assert one["parameters"] == {"checks": ["temperature", "health_code", "registration"]}

    order(node, area, "low")
    assert [one["status"] for one in sealing(node, area)] == ["active"]
    order(node, area, "high")
    assert len(happened(node, SealingProposed, area)) == 1

    ordered(node, area, action="lift", reason="解除封闭")
    (lifted,) = happened(node, SealingLifted, area)
    assert lifted.data.measure_id == proposed.data.measure_id
    assert lifted.data.because[-1].id == imposed.id
    assert [one["status"] for one in sealing(node, area)] == ["ended"]
    told = node.client("command").get(f"/alerts/why/{proposed.data.measure_id}").json()
    assert [step["type"].rsplit(".", 1)[1] for step in told["history"]] == [
        "sealing_proposed",
        "sealing_imposed",
        "sealing_lifted",
    ]


@pytest.mark.requirement("D3")
@pytest.mark.requirement("D2")
def test_sealing_stays_when_it_was_ordered_without_a_proposal(node: Node) -> None:
    area = COMMUNITIES[3]
    ordered(node, area, checks=["registration"])
    order(node, area, "high")
    order(node, area, "low")
    (one,) = sealing(node, area)
    assert (one["status"], one["parameters"]) == ("active", {"checks": ["registration"]})
    (imposed,) = happened(node, SealingImposed, area)
    assert imposed.data.because == ()
    assert not happened(node, SealingProposed, area)


@pytest.mark.requirement("D3")
def test_every_community_is_sealed_when_a_township_is(node: Node) -> None:
    communities = node.instance.site.areas.communities(TOWNSHIP)
    ordered(node, communities[0])
    found = ordered(node, TOWNSHIP)
    assert [one["communities"] for one in found["measures"]] == [len(communities)]
    for area in communities:
        assert len(happened(node, SealingImposed, area)) == 1
    ordered(node, TOWNSHIP, action="lift")
    for area in communities:
        assert [one["status"] for one in sealing(node, area)] == ["ended"]


@pytest.mark.requirement("D3")
def test_measures_are_stored_together_when_a_whole_township_is_sealed(node: Node) -> None:
    communities = node.instance.site.areas.communities(WIDE)
    order(node, communities[0], "high")
    (proposed,) = happened(node, SealingProposed, communities[0])
    sent: list[str] = []
    engine = node.runtime("alerts").database.write_engine

    def keep(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement.lower())

    listen(engine, "before_cursor_execute", keep)
    ordered(node, WIDE)
    remove(engine, "before_cursor_execute", keep)
    written = [text for text in sent if "measures" in text or "grounds" in text]
    assert len([text for text in written if not text.startswith("select")]) == 3
    found = [happened(node, SealingImposed, area) for area in communities]
    assert {len(events) for events in found} == {1}
    assert found[0][0].data.measure_id == proposed.data.measure_id
    assert [step.id for step in found[0][0].data.because][-1:] == [proposed.id]
    assert {events[0].data.because for events in found[1:]} == {()}


def test_same_order_answers_the_same_when_it_is_sent_twice(node: Node) -> None:
    area = COMMUNITIES[4]
    body = {"id": new_id(), "reason": "按照部署"}
    command = node.client("command")
    first = command.post(f"/alerts/areas/{area}/sealing", body)
    again = command.post(f"/alerts/areas/{area}/sealing", body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert len(happened(node, SealingImposed, area)) == 1


@pytest.mark.parametrize(
    ("role", "area", "body", "status", "field"),
    [
        ("command", COMMUNITIES[5], {}, 422, "reason"),
        ("command", COMMUNITIES[5], {"reason": ""}, 422, "reason"),
        ("command", COMMUNITIES[5], {"reason": "x", "checks": ["shoes"]}, 422, "checks.0"),
        ("command", COMMUNITIES[5], {"reason": "x", "action": "paint"}, 422, "action"),
        ("command", COMMUNITIES[5], {"reason": "x", "action": "lift"}, 409, "code"),
        ("command", "220581999999", {"reason": "x"}, 422, "code"),
        ("lead", COMMUNITIES[5], {"reason": "x"}, 403, None),
    ],
)
def test_problem_names_the_field_when_a_sealing_order_is_wrong(
    node: Node, role: str, area: str, body: dict[str, Any], status: int, field: str | None
) -> None:
    head = node.runtime("alerts").writer.head
    answer = node.client(role).post(f"/alerts/areas/{area}/sealing", body)
    assert answer.status_code == status, answer.text
    assert answer.json().get("field") == field
    assert node.runtime("alerts").writer.head == head


def test_409_when_the_area_is_sealed_already(node: Node) -> None:
    area = COMMUNITIES[6]
    ordered(node, area)
    answer = node.client("command").post(f"/alerts/areas/{area}/sealing", {"reason": "again"})
    assert (answer.status_code, answer.json()["field"]) == (409, "code")
