"""What the tests of elections, venues and activities do through HTTP."""

from datetime import timedelta
from typing import Any

from shared.events.base import Event
from shared.events.envelope import Recorded
from tests.support.harness import Node, new_id


def order(node: Node, area: str, level: str) -> None:
    """The command orders a level (指挥部命令)."""
    body = {"level": level, "reason": "疫情防控需要", "issuer": "市疫情防控指挥部"}
    answer = node.client("command").put(f"/alerts/areas/{area}/risk-level", body)
    assert answer.status_code == 200, answer.text


def made(node: Node, role: str, what: str, **body: Any) -> dict[str, Any]:
    """What a POST under /alerts made."""
    answer = node.client(role).post(f"/alerts/{what}", {"id": new_id(), **body})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    assert found["id"]
    return found


def election(node: Node, area: str, days: int = 6) -> dict[str, Any]:
    """An election with its polling day so many days ahead."""
    polling_on = (node.now() + timedelta(days=days)).date().isoformat()
    return made(
        node, "election", "elections", area=area, name="村民委员会换届选举", polling_on=polling_on
    )


def venue(node: Node, area: str, kind: str, capacity: int | None = 40) -> dict[str, Any]:
    """A venue of a kind."""
    known = {} if capacity is None else {"capacity": capacity}
    return made(node, "lead", "venues", area=area, kind=kind, name=f"文化广场 {kind}", **known)


def activity(
    node: Node, area: str, kind: str = "banquet", people: int = 80, **body: Any
) -> dict[str, Any]:
    """An activity applied for, the day after tomorrow for four hours."""
    starts = node.now() + timedelta(days=2)
    times = {"starts_at": starts.isoformat(), "ends_at": (starts + timedelta(hours=4)).isoformat()}
    facts = {"area": area, "kind": kind, "people": people, "name": "答谢宴", **times}
    return made(node, "lead", "activities", **{**facts, **body})


def now(node: Node, what: str, thing: dict[str, Any]) -> dict[str, Any]:
    """A thing as it stands now."""
    answer = node.client("command").get(f"/alerts/{what}/{thing['id']}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def listed(node: Node, what: str, **asked: Any) -> list[dict[str, Any]]:
    """The first page of a list."""
    answer = node.client("recorder").get(f"/alerts/{what}", **asked)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def about(node: Node, thing: dict[str, Any]) -> list[Recorded[Any]]:
    """The events about a thing in the service's log, in order."""
    found = node.logged("alerts")
    return [r for r in found if thing["id"] in [getattr(r.data, n, None) for n in r.data.about]]


def names(recorded: list[Recorded[Any]]) -> list[str]:
    """The names of events."""
    return [type(r.data).name for r in recorded]


def causes(event: Event) -> list[str]:
    """The names of an event's causes, first cause first."""
    return [cause.type.rsplit(".", 1)[1] for cause in event.because]


def problem(answer: Any, status: int, field: str) -> dict[str, Any]:
    """The problem document of a refusal that names a field."""
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    assert found["field"] == field
    return found
