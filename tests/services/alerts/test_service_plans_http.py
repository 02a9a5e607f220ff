"""The service plan of a community through HTTP and the bus. D8 [PREC21]."""

import json

import pytest

from shared.events.alerts.service_plans import ServicePlanChanged
from tests.services.alerts.risk_steps import happened, order, state
from tests.support.harness import Node, eventually

COMMUNITIES = [f"220581112{number}" for number in range(201, 204)]


@pytest.mark.requirement("D8")
def test_plan_goes_up_and_down_in_single_events_when_the_level_does(node: Node) -> None:
    area = COMMUNITIES[0]
    for level in ("medium", "high", "medium", "low"):
        order(node, area, level)
    steps = [(r.data.previous, r.data.plan) for r in happened(node, ServicePlanChanged, area)]
    assert steps == [
        ("everyday", "strengthened"),
        ("strengthened", "emergency"),
        ("emergency", "strengthened"),
        ("strengthened", "everyday"),
    ]
    assert state(node, area)["service_plan"] == "everyday"


@pytest.mark.requirement("D8")
@pytest.mark.requirement("P2")
def test_event_on_the_bus_says_who_gets_what_when_the_plan_changes(node: Node) -> None:
    area = COMMUNITIES[1]
    order(node, area, "medium")
    (changed,) = happened(node, ServicePlanChanged, area)
    eventually(lambda: node.runtime("alerts").relay.published >= changed.sequence)
    document = node.run(node.runtime("alerts").bus.message("ALERTS", changed.sequence))
    assert document is not None
    services = {one["service"]: one for one in json.loads(document)["data"]["services"]}
    rules = node.instance.site.pack().services.strengthened
    assert set(services) == set(rules)
    assert services["chronic_medicine"] == {
        "service": "chronic_medicine",
        "kind": "medicine",
        "categories": ["chronic_illness"],
        "needs": [],
        "due_hours": 24,
        "policy": "2021-01#services.strengthened.chronic_medicine",
    }
    assert services["first_visit"]["needs"] == ["none_recorded"]
