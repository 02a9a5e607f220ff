"""What tests of levels do again and again: report cases, order levels, look at areas."""

from datetime import timedelta
from typing import Any

from shared.clock.clock import VirtualClock
from shared.events.envelope import Recorded
from tests.support.harness import Node, new_id


def report(node: Node, area: str, **facts: Any) -> str:
    """Report a confirmed local case and wait until everybody has heard of it; its id."""
    body = {"id": new_id(), "area": area, "status": "confirmed", "origin": "local", **facts}
    answer = node.client("health").post("/intake/cases", body)
    assert answer.status_code == 201, answer.text
    node.settle()
    return str(body["id"])


def report_again(node: Node, case_id: str, **facts: Any) -> None:
    """Report what became of a case."""
    answer = node.client("health").post(f"/intake/cases/{case_id}/reports", facts)
    assert answer.status_code == 201, answer.text
    node.settle()


def order(node: Node, area: str, level: str, **facts: Any) -> dict[str, Any]:
    """Order a level; the area's state."""
    body = {"level": level, "reason": "经指挥部研究决定", **facts}
    answer = node.client("command").put(f"/alerts/areas/{area}/risk-level", body)
    assert answer.status_code == 200, answer.text
    node.settle()
    state: dict[str, Any] = answer.json()
    return state


def state(node: Node, area: str) -> dict[str, Any]:
    """An area as it stands."""
    answer = node.client("recorder").get(f"/alerts/areas/{area}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def proposals(node: Node, area: str, status: str | None = "open") -> list[dict[str, Any]]:
    """The proposals of this very area, the latest first."""
    asked = {"area": area, **({"status": status} if status else {})}
    answer = node.client("command").get("/alerts/proposals", **asked)
    assert answer.status_code == 200, answer.text
    return [item for item in answer.json()["items"] if item["area"] == area]


def happened(node: Node, model: Any, area: str) -> list[Recorded[Any]]:
    """The events of one type on this very area, in order."""
    return [recorded for recorded in node.logged("alerts", model) if recorded.data.area == area]


def step(node: Node, **ahead: float) -> None:
    """Let time pass on a virtual clock, and what is due happen."""
    assert isinstance(node.clock, VirtualClock)
    node.clock.step_to(node.clock.now() + timedelta(**ahead))
    node.tick()
