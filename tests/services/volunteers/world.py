"""What the tests of volunteers share: events of other services, helpers and requests."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from shared.events.alerts.fevers import FeverDetected
from shared.events.alerts.risk import RiskLevelChanged
from shared.events.alerts.service_plans import ServicePlanChanged
from shared.events.base import Cause, Event
from shared.events.intake.people import PersonRegistered, PersonUpdated
from shared.writer.transaction import Transaction
from tests.support.harness import Client, Node, new_id

Body = dict[str, Any]


@dataclass(frozen=True)
class Append:
    """Puts events into a service's log, as its own handlers would."""

    events: Sequence[Event]
    size: int = 1

    def run(self, tx: Transaction, *, isolate: bool) -> None:
        """Append them."""
        tx.caller = None
        tx.append(self.events)


def tell(node: Node, service: str, *events: Event) -> None:
    """Log events of another service, and wait until everybody has heard of them."""
    node.run(node.runtime(service).writer.submit(Append(events)))
    node.settle()


def person(
    node: Node, area: str, *needs: str, person_id: str | None = None, updated: bool = False
) -> str:
    """A registered person with these needs; returns the id."""
    model = PersonUpdated if updated else PersonRegistered
    facts = {"area": area, "occurred_at": node.now(), "person_id": person_id or new_id()}
    event = model.model_validate({**facts, "needs": needs})
    tell(node, "intake", event)
    return event.person_id


def plan(node: Node, area: str, name: str, **services: tuple[str, str, float]) -> str:
    """A service plan comes into force; services as `daily_goods=("goods", "food", 24)`."""
    cause = Cause(type=RiskLevelChanged.type, id=new_id(), area=area, occurred_at=node.now())
    event = ServicePlanChanged.model_validate(
        {
            "area": area,
            "occurred_at": node.now(),
            "because": (cause,),
            "previous": "everyday",
            "plan": name,
            "services": [
                {
                    "service": service,
                    "kind": kind,
                    "needs": [need],
                    "due_hours": hours,
                    "policy": f"2021-01#services.{name}.{service}",
                }
                for service, (kind, need, hours) in services.items()
            ],
        }
    )
    tell(node, "alerts", event)
    return event.derived_id()


def fever(node: Node, area: str, person_id: str) -> FeverDetected:
    """A fever of a person, as alerts finds it."""
    return FeverDetected(
        area=area,
        occurred_at=node.now(),
        alert_id=new_id(),
        person_id=person_id,
        screening_id=str(uuid4()),
        temperature_c=38.2,
        respond_by=node.now() + timedelta(minutes=30),
        policy="2021-01#fever.threshold_c",
    )


def helper(coordinator: Client, area: str, *skills: str, **more: Any) -> str:
    """A registered helper; returns the id."""
    body: Body = {"id": new_id(), "area": area, "name": "王小明", "skills": list(skills), **more}
    answer = coordinator.post("/volunteers/helpers", body)
    assert answer.status_code == 201, answer.text
    return str(body["id"])


def request(client: Client, area: str, kind: str, **more: Any) -> str:
    """A request for help; returns the id."""
    body: Body = {"id": new_id(), "area": area, "kind": kind, **more}
    answer = client.post("/volunteers/requests", body)
    assert answer.status_code == 201, answer.text
    return str(body["id"])


def standing(client: Client, request_id: str) -> Body:
    """A request as it stands."""
    answer = client.get(f"/volunteers/requests/{request_id}")
    assert answer.status_code == 200, answer.text
    found: Body = answer.json()
    return found


def listed(client: Client, what: str, **asked: Any) -> list[Body]:
    """The items of a list."""
    answer = client.get(f"/volunteers/{what}", **asked)
    assert answer.status_code == 200, answer.text
    items: list[Body] = answer.json()["items"]
    return items


def cleared(node: Node) -> None:
    """Nobody is available and nothing is open any more, so that the next test is alone."""
    node.settle()
    county, counsellor = node.client("coordinator"), node.client("counsellor")
    for each in listed(county, "helpers", status="available"):
        county.patch(f"/volunteers/helpers/{each['id']}", {"status": "away"})
    for client in (county, counsellor):
        for status in ("open", "matched", "started"):
            for each in listed(client, "requests", status=status, limit=500):
                path = f"/volunteers/requests/{each['id']}/cancel"
                assert client.post(path, {"reason": "cleared"}).status_code == 200
    node.tick()


def instant(text: str) -> datetime:
    """A time of an answer."""
    return datetime.fromisoformat(text)
