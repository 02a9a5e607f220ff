"""Alerts through HTTP and the real bus: found, taken, closed, voided, climbing. D1."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.clock.clock import CST, VirtualClock
from shared.events.alerts.fevers import (
    AlertAcknowledged,
    AlertEscalated,
    AlertRaised,
    AlertResolved,
    FeverDetected,
)
from shared.events.envelope import Recorded
from shared.events.intake.screenings import ScreeningRecorded
from tests.support.harness import Node, new_id

COMMUNITIES = [f"220581001{number}" for number in ("001", "002", "003", "004", "200", "201")]


def screen(node: Node, area: str, **facts: Any) -> str:
    """Post a screening and wait until alerts has heard of it; its id."""
    body = {"id": new_id(), "area": area, "temperature_c": 36.5, "place_kind": "checkpoint"}
    answer = node.client("recorder").post("/intake/screenings", {**body, **facts})
    assert answer.status_code == 201, answer.text
    node.settle()
    return str(body["id"])


def alerts(node: Node, area: str, **asked: Any) -> list[dict[str, Any]]:
    answer = node.client("health").get("/alerts/alerts", area=area, **asked)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def about(node: Node, model: Any, alert_id: str) -> list[Recorded[Any]]:
    return [r for r in node.logged("alerts", model) if r.data.alert_id == alert_id]


@pytest.mark.requirement("D1")
def test_alert_is_open_with_its_cause_when_a_fever_was_screened(node: Node) -> None:
    area = COMMUNITIES[0]
    screen(node, area, temperature_c=37.2)
    screening = screen(node, area, temperature_c=37.3, symptoms=["cough"], person_id=new_id())
    (alert,) = alerts(node, area)
    assert (alert["kind"], alert["status"], alert["level"]) == ("fever", "open", "community")
    assert alert["reasons"] == ["temperature", "cough"]
    assert (alert["screening_id"], alert["temperature_c"]) == (screening, 37.3)
    (found,) = about(node, FeverDetected, alert["id"])
    (recorded,) = [
        r for r in node.logged("intake", ScreeningRecorded) if r.data.screening_id == screening
    ]
    assert found.data.because == recorded.causes("2021-01#fever.threshold_c")
    assert found.data.respond_by == recorded.time + timedelta(minutes=30)
    one = node.client("recorder", area).get(f"/alerts/alerts/{alert['id']}")
    assert (one.status_code, one.json()) == (200, alert)
    why = node.client("command").get(f"/alerts/why/{alert['id']}").json()
    assert [step["type"] for step in why["chain"]] == [
        "bulwark.intake.screening_recorded",
        "bulwark.alerts.fever_detected",
    ]


@pytest.mark.requirement("D1")
def test_alert_is_raised_when_symptoms_or_a_code_were_seen_without_fever(node: Node) -> None:
    area = COMMUNITIES[1]
    screen(node, area, symptoms=["cough"], health_code="yellow")
    screen(node, area, health_code="red")
    screen(node, area, health_code="green")
    found = {alert["kind"]: alert for alert in alerts(node, area)}
    assert set(found) == {"symptoms", "health_code"}
    assert found["symptoms"]["reasons"] == ["cough", "health_code_yellow"]
    assert [r.data.kind for r in about(node, AlertRaised, found["health_code"]["id"])] == [
        "health_code"
    ]
    assert [alert["kind"] for alert in alerts(node, area, kind="symptoms")] == ["symptoms"]
    assert alerts(node, area, status="resolved") == []


@pytest.mark.requirement("D1")
def test_fever_is_closed_by_the_clinic_alone_when_someone_took_charge(node: Node) -> None:
    area = COMMUNITIES[2]
    screen(node, area, temperature_c=38.5)
    (alert,) = alerts(node, area)
    path = f"/alerts/alerts/{alert['id']}"
    recorder = node.client("recorder", area, name="网格员")
    taken = recorder.post(f"{path}/acknowledge")
    assert taken.status_code == 200
    assert (taken.json()["status"], taken.json()["acknowledged_by"]) == ("acknowledged", "网格员")
    again = recorder.post(f"{path}/acknowledge")
    assert (again.status_code, again.json()["field"]) == (409, "alert_id")
    for role in ("recorder", "lead", "command"):
        refused = node.client(role, area).post(f"{path}/resolve", {"outcome": "referred"})
        assert refused.status_code == 403, role
    clinic = node.client("health", area, name="卫生院")
    wrong = clinic.post(f"{path}/resolve", {"outcome": "cured"})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "outcome")
    closed = clinic.post(f"{path}/resolve", {"outcome": "referred", "note": "转发热门诊"})
    assert closed.status_code == 200
    assert (closed.json()["status"], closed.json()["outcome"]) == ("resolved", "referred")
    assert clinic.post(f"{path}/resolve", {"outcome": "referred"}).status_code == 409
    assert recorder.post(f"{path}/acknowledge").status_code == 409
    (acknowledged,) = about(node, AlertAcknowledged, alert["id"])
    (resolved,) = about(node, AlertResolved, alert["id"])
    assert acknowledged.data.by == "网格员"
    assert (resolved.data.outcome, resolved.data.by) == ("referred", "卫生院")
    assert [cause.type for cause in resolved.data.because] == [
        "bulwark.intake.screening_recorded",
        "bulwark.alerts.fever_detected",
    ]


@pytest.mark.requirement("D1")
def test_symptoms_are_closed_by_the_community_when_it_has_looked_after_them(node: Node) -> None:
    area = COMMUNITIES[2]
    screen(node, area, symptoms=["fatigue"])
    (alert,) = alerts(node, area, kind="symptoms")
    path = f"/alerts/alerts/{alert['id']}/resolve"
    assert node.client("recorder", area).post(path, {"outcome": "observed"}).status_code == 403
    assert node.client("lead", area).post(path, {"outcome": "observed"}).status_code == 200


@pytest.mark.requirement("D1")
def test_alert_is_a_false_one_when_its_screening_was_voided(node: Node) -> None:
    area = COMMUNITIES[3]
    ordinary = screen(node, area)
    screening = screen(node, area, temperature_c=39.9)
    recorder = node.client("recorder", area)
    for one in (ordinary, screening):
        answer = recorder.post(f"/intake/screenings/{one}/void", {"reason": "输错"})
        assert answer.status_code == 200
    node.settle()
    (alert,) = alerts(node, area)
    assert (alert["status"], alert["outcome"]) == ("resolved", "false_alarm")
    (resolved,) = about(node, AlertResolved, alert["id"])
    assert [cause.type.split(".")[-1] for cause in resolved.data.because] == [
        "screening_recorded",
        "fever_detected",
        "screening_voided",
    ]


def alert_of(node: Node, area: str, screening_id: str) -> dict[str, Any]:
    """The alert that a screening raised."""
    return next(one for one in alerts(node, area) if one["screening_id"] == screening_id)


@pytest.mark.requirement("D1")
def test_closed_alert_is_a_false_one_when_its_screening_is_voided_afterwards(node: Node) -> None:
    area = COMMUNITIES[3]
    screening = screen(node, area, temperature_c=39.9)
    alert = alert_of(node, area, screening)
    clinic = node.client("health", area)
    path = f"/alerts/alerts/{alert['id']}/resolve"
    assert clinic.post(path, {"outcome": "observed"}).status_code == 200
    recorder = node.client("recorder", area)
    answer = recorder.post(f"/intake/screenings/{screening}/void", {"reason": "输错"})
    assert answer.status_code == 200
    node.settle()
    alert = alert_of(node, area, screening)
    assert alert["outcome"] == "false_alarm"
    closings = about(node, AlertResolved, alert["id"])
    assert [closing.data.outcome for closing in closings] == ["observed", "false_alarm"]
    assert len({closing.id for closing in closings}) == 2


@pytest.mark.requirement("P5")
def test_why_names_a_temperature_only_to_those_who_may_read_alerts(node: Node) -> None:
    area = COMMUNITIES[3]
    alert = alert_of(node, area, screen(node, area, temperature_c=39.9))
    path = f"/alerts/why/{alert['id']}"
    told = {
        role: node.client(role, area).get(path).json()["history"][-1]["text"]
        for role in ("health", "it", "resident")
    }
    assert "39.9" in told["health"]
    assert "39.9" not in told["it"] + told["resident"]
    assert told["it"]


def test_alert_is_hidden_when_it_lies_outside_the_callers_area(node: Node) -> None:
    screen(node, COMMUNITIES[4], temperature_c=38)
    (alert,) = alerts(node, COMMUNITIES[4])
    other = node.client("health", COMMUNITIES[5])
    path = f"/alerts/alerts/{alert['id']}"
    assert other.get(path).status_code == 403
    assert other.post(f"{path}/acknowledge").status_code == 403
    assert other.get("/alerts/alerts", area=COMMUNITIES[4]).status_code == 403
    assert other.get("/alerts/alerts").json() == {"items": [], "next": None}
    assert node.client("resident", COMMUNITIES[4]).get(path).status_code == 403
    assert node.client("it").get(path).status_code == 403
    missing = node.client("health").get(f"/alerts/alerts/{new_id()}")
    assert (missing.status_code, missing.json()["field"]) == (404, "alert_id")


def test_every_alert_is_listed_once_when_a_list_is_read_page_by_page(node: Node) -> None:
    area = COMMUNITIES[5]
    screenings = [screen(node, area, temperature_c=38) for _ in range(5)]
    health, cursor, seen = node.client("health", area), None, []
    for _ in range(3):
        asked = {"limit": 2} if cursor is None else {"limit": 2, "cursor": cursor}
        answer = health.get("/alerts/alerts", **asked).json()
        seen += [alert["screening_id"] for alert in answer["items"]]
        cursor = answer["next"]
    assert cursor is None
    assert seen == screenings[::-1]


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node whose clock stands still until a test steps it."""
    clock = VirtualClock(datetime(2021, 1, 18, 8, tzinfo=CST))
    node = Node(tmp_path_factory.mktemp("still"), clock=clock)
    node.start()
    yield node
    node.stop()


def step(node: Node, **ahead: int) -> None:
    assert isinstance(node.clock, VirtualClock)
    node.clock.step_to(node.clock.now() + timedelta(**ahead))
    node.tick()


@pytest.mark.requirement("D1")
def test_alert_climbs_to_township_and_county_when_nobody_acts(still: Node) -> None:
    area = COMMUNITIES[0]
    screen(still, area, temperature_c=38)
    (alert,) = alerts(still, area)
    step(still, minutes=29)
    assert alerts(still, area) == [alert]
    step(still, minutes=1)
    (higher,) = alerts(still, area)
    assert (higher["level"], higher["status"]) == ("township", "open")
    assert higher["respond_by"] == (still.now() + timedelta(minutes=30)).isoformat()
    step(still, minutes=30)
    step(still, days=1)
    assert alerts(still, area)[0]["level"] == "county"
    climbed = about(still, AlertEscalated, alert["id"])
    assert [r.data.level for r in climbed] == ["township", "county"]
    assert climbed[0].data.because[-1].policy == "2021-01#fever.respond_within_minutes"
    assert climbed[0].id != climbed[1].id


@pytest.mark.requirement("D1")
def test_alert_stays_where_it_is_when_someone_took_charge_or_closed_it(still: Node) -> None:
    area = COMMUNITIES[1]
    screen(still, area, temperature_c=38)
    screen(still, area, symptoms=["cough"])
    found = {alert["kind"]: alert["id"] for alert in alerts(still, area)}
    health = still.client("health")
    taken = health.post(f"/alerts/alerts/{found['fever']}/acknowledge", {"by": "张医生"})
    assert taken.json()["acknowledged_by"] == "张医生"
    closing = {"outcome": "observed"}
    health.post(f"/alerts/alerts/{found['symptoms']}/resolve", closing)
    step(still, days=1)
    assert {alert["level"] for alert in alerts(still, area)} == {"community"}
