"""Volunteers through HTTP, and their fevers. V3."""

from typing import Any

import pytest

from shared.events.alerts.fevers import AlertResolved, FeverDetected
from shared.events.volunteers.helpers import HelperRegistered, HelperReturned, HelperStoodDown
from tests.services.volunteers.world import fever, helper, listed, tell
from tests.support.harness import Node, new_id

AREA, OTHER = "220581001003", "220581001004"


def told(node: Node, model: type[Any], helper_id: str) -> list[Any]:
    return [each for each in node.logged("volunteers", model) if each.data.helper_id == helper_id]


def status_of(node: Node, helper_id: str) -> str:
    answer = node.client("coordinator").get(f"/volunteers/helpers/{helper_id}").json()
    return str(answer["status"])


def resolved(node: Node, found: FeverDetected, outcome: str) -> None:
    facts = {"area": found.area, "occurred_at": node.now(), "alert_id": found.alert_id}
    tell(node, "alerts", AlertResolved.model_validate({**facts, "outcome": outcome}))


@pytest.mark.requirement("V3")
def test_event_names_skills_and_nobody_when_a_helper_is_registered(county: Node) -> None:
    coordinator = county.client("coordinator", AREA)
    body = {
        "id": new_id(),
        "area": AREA,
        "name": "王小明",
        "phone": "13812345678",
        "skills": ["medicine", "driving"],
        "languages": ["朝鲜语"],
        "capacity": 2,
    }
    answer = coordinator.post("/volunteers/helpers", body)
    assert (answer.status_code, answer.json()) == (201, {"id": body["id"]})
    assert coordinator.post("/volunteers/helpers", body).status_code == 200
    [event] = told(county, HelperRegistered, str(body["id"]))
    assert event.data.skills == ("medicine", "driving")
    with county.runtime("volunteers").database.reading() as session:
        rows = session.connection().exec_driver_sql("SELECT * FROM helpers").all()
        documents = session.connection().exec_driver_sql("SELECT document FROM events").all()
    stored = repr(rows) + repr([bytes(row[0]).decode() for row in documents])
    assert "王小明" not in stored
    assert "13812345678" not in stored


@pytest.mark.parametrize(
    ("changes", "field", "status"),
    [
        ({"area": "220581999999"}, "area", 422),
        ({"area": "220581002001"}, "area", 403),
        ({"name": ""}, "name", 422),
        ({"skills": None}, "skills", 422),
        ({"skills": ["magic"]}, "skills.0", 422),
        ({"phone": "call me"}, "phone", 422),
        ({"capacity": 0}, "capacity", 422),
    ],
)
def test_problem_names_the_field_when_a_helper_is_wrong(
    node: Node, changes: dict[str, Any], field: str, status: int
) -> None:
    before = node.runtime("volunteers").writer.head
    body = {"id": new_id(), "area": AREA, "name": "王小明", "skills": ["goods"], **changes}
    answer = node.client("coordinator", "220581001").post("/volunteers/helpers", body)
    assert (answer.status_code, answer.json()["field"]) == (status, field)
    assert node.runtime("volunteers").writer.head == before
    assert node.client("resident", AREA).post("/volunteers/helpers", body).status_code == 403


@pytest.mark.requirement("V3")
def test_names_are_masked_when_others_than_the_keepers_read(county: Node) -> None:
    coordinator = county.client("coordinator", AREA)
    helper_id = helper(coordinator, AREA, "goods", phone="13812345678", person_id=new_id())
    other = helper(county.client("coordinator", OTHER), OTHER, "goods")
    for role in ("coordinator", "lead"):
        [found] = listed(county.client(role, AREA), "helpers", area=AREA, status="available")
        assert (found["id"], found["name"], found["phone"]) == (
            *(helper_id, "王小明"),
            "13812345678",
        )
    [masked] = listed(county.client("recorder", AREA), "helpers", status="available")
    assert (masked["name"], masked["phone"], masked["person_id"]) == ("王*", "138****5678", None)
    own = county.client("helper", AREA, name=helper_id)
    assert own.get(f"/volunteers/helpers/{helper_id}").json()["name"] == "王小明"
    assert county.client("lead", AREA).get(f"/volunteers/helpers/{other}").status_code == 403
    assert county.client("it").get("/volunteers/helpers").status_code == 403
    page = county.client("coordinator").get(
        "/volunteers/helpers", area="220581001", status="available", limit=1
    )
    following = page.json()["next"]
    rest = listed(
        county.client("coordinator"),
        "helpers",
        area="220581001",
        status="available",
        cursor=following,
    )
    assert [page.json()["items"][0]["id"], rest[0]["id"]] == [helper_id, other]


@pytest.mark.requirement("V3")
def test_helper_goes_and_returns_when_the_status_is_changed(county: Node) -> None:
    coordinator = county.client("coordinator", AREA)
    helper_id = helper(coordinator, AREA, "goods")
    path = f"/volunteers/helpers/{helper_id}"
    own = county.client("helper", AREA, name=helper_id)
    assert own.patch(path, {"status": "away", "reason": "rest"}).json()["status"] == "away"
    assert own.patch(path, {"status": "away"}).json()["reason"] == "rest"
    assert [each.data.reason for each in told(county, HelperStoodDown, helper_id)] == ["rest"]
    assert coordinator.patch(path, {"status": "available"}).json()["status"] == "available"
    assert [each.data.reason for each in told(county, HelperReturned, helper_id)] == ["rest"]
    changed = coordinator.patch(path, {"skills": ["nursing"], "capacity": 7}).json()
    assert (changed["skills"], changed["capacity"]) == (["nursing"], 7)
    assert told(county, HelperRegistered, helper_id)[-1].data.skills == ("nursing",)
    stranger = county.client("helper", AREA, name=new_id())
    assert stranger.patch(path, {"status": "away"}).status_code == 403
    assert county.client("lead", OTHER).patch(path, {"status": "away"}).status_code == 403
    assert coordinator.patch(path, {"status": "stood_down"}).json()["field"] == "status"
    missing = coordinator.patch(f"/volunteers/helpers/{new_id()}", {"status": "away"})
    assert missing.status_code == 404


@pytest.mark.requirement("V3")
def test_helper_stands_down_for_a_fever_and_returns_when_it_was_a_false_alarm(
    county: Node,
) -> None:
    coordinator, person_id = county.client("coordinator", AREA), new_id()
    helper_id = helper(coordinator, AREA, "goods", person_id=person_id)
    bystander = helper(coordinator, AREA, "goods", person_id=new_id())
    found = fever(county, AREA, person_id)
    tell(county, "alerts", found)
    assert (status_of(county, helper_id), status_of(county, bystander)) == (
        "stood_down",
        "available",
    )
    [down] = told(county, HelperStoodDown, helper_id)
    assert (down.data.reason, down.data.because[-1].type) == ("fever", FeverDetected.type)
    path = f"/volunteers/helpers/{helper_id}"
    refused = coordinator.patch(path, {"status": "available"})
    assert (refused.status_code, refused.json()["field"]) == (409, "status")
    assert found.alert_id in refused.json()["detail"]
    resolved(county, found, "false_alarm")
    assert status_of(county, helper_id) == "available"
    [back] = told(county, HelperReturned, helper_id)
    assert back.data.because[-1].type == AlertResolved.type
    why = coordinator.get(f"/volunteers/why/{helper_id}").json()
    assert [step["type"] for step in why["chain"]][-2:] == [AlertResolved.type, HelperReturned.type]


@pytest.mark.requirement("V3")
def test_helper_stands_down_at_once_when_the_fever_was_found_before(county: Node) -> None:
    coordinator, person_id = county.client("coordinator", AREA), new_id()
    found = fever(county, AREA, person_id)
    tell(county, "alerts", found)
    helper_id = helper(coordinator, AREA, "goods", person_id=person_id)
    assert status_of(county, helper_id) == "stood_down"
    [down] = told(county, HelperStoodDown, helper_id)
    assert down.data.because[-1].type == FeverDetected.type
    second = fever(county, AREA, person_id)
    tell(county, "alerts", second)
    assert len(told(county, HelperStoodDown, helper_id)) == 1
    resolved(county, found, "false_alarm")
    assert status_of(county, helper_id) == "stood_down"
    resolved(county, second, "false_alarm")
    assert status_of(county, helper_id) == "available"


@pytest.mark.requirement("V3")
def test_coordinator_takes_a_helper_back_when_the_clinic_has_closed_the_fever(
    county: Node,
) -> None:
    coordinator, person_id = county.client("coordinator", AREA), new_id()
    helper_id = helper(coordinator, AREA, "goods", person_id=person_id)
    path = f"/volunteers/helpers/{helper_id}"
    found = fever(county, AREA, person_id)
    tell(county, "alerts", found)
    resolved(county, found, "isolated")
    assert status_of(county, helper_id) == "stood_down"
    own = county.client("helper", AREA, name=helper_id)
    assert own.patch(path, {"status": "available"}).status_code == 403
    assert coordinator.patch(path, {"status": "available"}).json()["status"] == "available"
    assert told(county, HelperReturned, helper_id)[-1].data.reason == "fever"


def test_wish_to_be_away_stands_when_a_false_alarm_ends(county: Node) -> None:
    coordinator, person_id = county.client("coordinator", AREA), new_id()
    helper_id = helper(coordinator, AREA, "goods", person_id=person_id)
    coordinator.patch(f"/volunteers/helpers/{helper_id}", {"status": "away"})
    found = fever(county, AREA, person_id)
    tell(county, "alerts", found)
    assert status_of(county, helper_id) == "stood_down"
    resolved(county, found, "false_alarm")
    assert status_of(county, helper_id) == "away"
    assert told(county, HelperReturned, helper_id) == []


def test_closing_is_remembered_when_it_is_heard_of_before_the_fever(county: Node) -> None:
    coordinator, person_id = county.client("coordinator", AREA), new_id()
    helper_id = helper(coordinator, AREA, "goods", person_id=person_id)
    found = fever(county, AREA, person_id)
    resolved(county, found, "false_alarm")
    tell(county, "alerts", found)
    assert status_of(county, helper_id) == "available"
    assert county.dead("volunteers") == []
