"""Requests for help through HTTP. V1, V7."""

from datetime import timedelta
from typing import Any

import pytest

from shared.events.volunteers.hours import HoursLogged
from shared.events.volunteers.requests import (
    AssistanceCancelled,
    AssistanceCompleted,
    AssistanceRequested,
    AssistanceStarted,
)
from tests.services.volunteers.world import helper, instant, listed, person, plan, request, standing
from tests.support.harness import Node, eventually, new_id

AREA, OTHER = "220581001001", "220581001002"


def told(node: Node, model: type[Any], request_id: str) -> list[Any]:
    return [each for each in node.logged("volunteers", model) if each.data.request_id == request_id]


@pytest.mark.requirement("V1")
def test_event_holds_no_text_when_help_is_asked_for(county: Node) -> None:
    resident = county.client("resident", AREA, name="r1")
    body = {
        "id": new_id(),
        "area": AREA,
        "kind": "medicine",
        "person_id": new_id(),
        "text": "降压药两盒, 送到李老师家",
        "on_behalf": True,
    }
    answer = resident.post("/volunteers/requests", body)
    assert (answer.status_code, answer.json()) == (201, {"id": body["id"]})
    assert resident.post("/volunteers/requests", body).status_code == 200
    assert resident.post("/volunteers/requests", {**body, "kind": "goods"}).status_code == 409
    [event] = told(county, AssistanceRequested, str(body["id"]))
    assert (event.data.kind, event.data.person_id, event.data.on_behalf) == (
        *("medicine", body["person_id"]),
        True,
    )
    pack = county.instance.site.pack().requests
    assert event.data.due_at == event.data.occurred_at + timedelta(hours=pack.due_hours["medicine"])
    with county.runtime("volunteers").database.reading() as session:
        documents = session.connection().exec_driver_sql("SELECT document FROM events").all()
        rows = session.connection().exec_driver_sql("SELECT * FROM assistance_requests").all()
    assert "李老师".encode() not in b"".join(bytes(row[0]) for row in documents)
    assert "李老师" not in repr(rows)
    assert standing(resident, str(body["id"]))["text"] == body["text"]


@pytest.mark.parametrize(
    ("changes", "field", "status"),
    [
        ({"area": "220581999999"}, "area", 422),
        ({"area": OTHER}, "area", 403),
        ({"kind": "magic"}, "kind", 422),
        ({"due_at": "2021-01-18T08:00:00"}, "due_at", 422),
        ({"due_at": "2021-01-18T08:00:00+08:00"}, "due_at", 422),
        ({"due_at": "9999-12-31T23:59:59-08:00"}, "due_at", 422),
        ({"person_id": "7"}, "person_id", 422),
        ({"text": ""}, "text", 422),
        ({"txt": "?"}, "txt", 422),
    ],
)
def test_problem_names_the_field_when_a_request_is_wrong(
    node: Node, changes: dict[str, Any], field: str, status: int
) -> None:
    before = node.runtime("volunteers").writer.head
    body = {"id": new_id(), "area": AREA, "kind": "goods", **changes}
    answer = node.client("resident", AREA).post("/volunteers/requests", body)
    assert (answer.status_code, answer.json()["field"]) == (status, field)
    assert node.runtime("volunteers").writer.head == before


def test_first_answer_comes_again_when_the_time_asked_for_has_passed_meanwhile(
    county: Node,
) -> None:
    resident = county.client("resident", AREA, name="r1")
    soon = county.now() + timedelta(seconds=1)
    body = {"id": new_id(), "area": AREA, "kind": "goods", "due_at": soon.isoformat()}
    assert resident.post("/volunteers/requests", body).status_code == 201
    eventually(lambda: county.now() > soon)
    assert resident.post("/volunteers/requests", body).status_code == 200
    late = resident.post("/volunteers/requests", {**body, "id": new_id()})
    assert (late.status_code, late.json()["field"]) == (422, "due_at")
    assert "已经过去" in late.json()["detail"]


@pytest.mark.requirement("V2")
def test_help_is_given_and_hours_are_logged_when_the_helper_does_it(county: Node) -> None:
    coordinator = county.client("coordinator")
    helper_id = helper(coordinator, AREA, "elder_care")
    request_id = request(county.client("recorder", AREA), AREA, "elder_care")
    path = f"/volunteers/requests/{request_id}"
    matched = coordinator.post(f"{path}/match", {"helper_id": helper_id})
    assert (matched.status_code, matched.json()) == (
        200,
        {"id": request_id, "status": "matched", "helper_id": helper_id},
    )
    own = county.client("helper", OTHER, name=helper_id)
    assert [each["id"] for each in listed(own, "requests")] == [request_id]
    other = county.client("helper", AREA, name=new_id())
    assert other.post(f"{path}/start").status_code == 403
    assert listed(other, "requests") == []
    assert own.post(f"{path}/start").json()["status"] == "started"
    again = own.post(f"{path}/start")
    assert (again.status_code, again.json()["request_status"]) == (409, "started")
    assert "started" in again.json()["detail"]
    assert own.post(f"{path}/complete", {"hours": 0}).json()["field"] == "hours"
    assert own.post(f"{path}/complete", {"hours": 1.5}).json()["status"] == "completed"
    for step in ("start", "complete", "match"):
        answer = coordinator.post(f"{path}/{step}")
        assert (answer.status_code, answer.json()["request_status"]) == (409, "completed")
    found = standing(coordinator, request_id)
    assert (found["hours"], found["helper_id"]) == (1.5, helper_id)
    [started] = told(county, AssistanceStarted, request_id)
    [completed] = told(county, AssistanceCompleted, request_id)
    [logged] = told(county, HoursLogged, request_id)
    assert [cause.type.rsplit(".", 1)[1] for cause in completed.data.because] == [
        "assistance_requested",
        "assistance_matched",
        "assistance_started",
    ]
    assert completed.data.because[-1].id == started.id
    assert logged.data.ends_at - logged.data.starts_at == timedelta(hours=1.5)
    why = coordinator.get(f"/volunteers/why/{request_id}").json()
    assert [step["type"].rsplit(".", 1)[1] for step in why["chain"]][-1] == ("assistance_completed")
    assert [step["type"].rsplit(".", 1)[1] for step in why["history"]][:2] == [
        "assistance_requested",
        "assistance_matched",
    ]


@pytest.mark.requirement("V1")
def test_request_ends_when_its_maker_or_a_coordinator_cancels_it(county: Node) -> None:
    resident = county.client("resident", AREA, name="r1")
    request_id = request(resident, AREA, "child_care")
    path = f"/volunteers/requests/{request_id}/cancel"
    stranger = county.client("resident", AREA, name="r2")
    assert stranger.post(path, {"reason": "x"}).status_code == 403
    assert county.client("recorder", AREA).post(path, {"reason": "x"}).status_code == 403
    assert county.client("coordinator", OTHER).post(path, {"reason": "x"}).status_code == 403
    assert resident.post(path, {"reason": ""}).json()["field"] == "reason"
    assert resident.post(path, {"reason": "家人已送到"}).json()["status"] == "cancelled"
    assert resident.post(path, {"reason": "x"}).json()["request_status"] == "cancelled"
    [event] = told(county, AssistanceCancelled, request_id)
    assert (event.data.reason, event.data.because[-1].type) == (
        "家人已送到",
        AssistanceRequested.type,
    )
    unsaid = request(resident, AREA, "child_care")
    answer = resident.post(f"/volunteers/requests/{unsaid}/cancel", {})
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    [event] = told(county, AssistanceCancelled, unsaid)
    assert event.data.reason is None
    second = request(resident, AREA, "child_care")
    answer = county.client("coordinator", AREA).post(
        f"/volunteers/requests/{second}/cancel", {"reason": "重复"}
    )
    assert answer.status_code == 200


@pytest.mark.requirement("V1")
def test_list_is_of_the_area_and_pages_by_due_when_asked(county: Node) -> None:
    coordinator = county.client("coordinator")
    hours = (5, 3, 4)
    made = {
        hour: request(
            coordinator,
            AREA,
            "farm_work",
            due_at=(county.now() + timedelta(hours=hour)).isoformat(),
        )
        for hour in hours
    }
    request(coordinator, OTHER, "farm_work")
    first = coordinator.get(
        "/volunteers/requests", area=AREA, kind="farm_work", status="open", limit=2
    ).json()
    assert [each["id"] for each in first["items"]] == [made[3], made[4]]
    rest = coordinator.get(
        "/volunteers/requests",
        area=AREA,
        kind="farm_work",
        status="open",
        limit=2,
        cursor=first["next"],
    ).json()
    assert ([each["id"] for each in rest["items"]], rest["next"]) == ([made[5]], None)
    assert len(listed(county.client("lead", AREA), "requests", status="open")) == 3
    assert listed(county.client("resident", AREA, name="r9"), "requests") == []
    denied = county.client("lead", AREA).get("/volunteers/requests", area=OTHER)
    assert (denied.status_code, denied.json()["field"]) == (403, "area")
    assert county.client("it").get("/volunteers/requests").status_code == 403
    assert coordinator.get("/volunteers/requests", status="lost").json()["field"] == "status"


@pytest.mark.requirement("V1")
def test_who_asked_is_told_to_nobody_else_when_a_request_is_read(county: Node) -> None:
    resident = county.client("resident", AREA, name="王秀英")
    request_id = request(resident, AREA, "child_care")
    assert standing(resident, request_id)["requested_by"] == "resident:王秀英"
    for role in ("coordinator", "lead", "recorder", "health", "command"):
        client = county.client(role, AREA)
        answer = client.get(f"/volunteers/requests/{request_id}")
        listing = client.get("/volunteers/requests", status="open")
        assert "requested_by" not in answer.json()
        assert "王秀英" not in answer.text + listing.text


@pytest.mark.requirement("V7")
def test_psychological_requests_are_seen_by_counsellors_alone(county: Node) -> None:
    resident = county.client("resident", AREA, name="r7")
    request_id = request(resident, AREA, "psychological", person_id=new_id(), text="睡不着")
    plain = request(resident, AREA, "child_care")
    path = f"/volunteers/requests/{request_id}"
    counsellor, coordinator = county.client("counsellor", AREA), county.client("coordinator", AREA)
    assert [each["id"] for each in listed(counsellor, "requests", status="open")] == [request_id]
    assert standing(counsellor, request_id)["text"] == "睡不着"
    assert standing(resident, request_id)["text"] == "睡不着"
    assert counsellor.get(f"/volunteers/requests/{plain}").status_code == 403
    for role in ("coordinator", "lead", "recorder", "health", "command"):
        found = listed(county.client(role, AREA), "requests", status="open")
        assert [each["id"] for each in found] == [plain]
        assert county.client(role, AREA).get(path).status_code == 403
    counted = coordinator.get("/volunteers/requests", area=AREA, status="open").json()
    assert counted["psychological"] == 1
    assert "psychological" not in counsellor.get("/volunteers/requests").json()
    [event] = told(county, AssistanceRequested, request_id)
    assert event.data.person_id is None
    assert coordinator.post(f"{path}/match").status_code == 403
    plain_helper = helper(coordinator, AREA, "visit", "other")
    answer = counsellor.post(f"{path}/match", {"helper_id": plain_helper})
    assert (answer.status_code, answer.json()["field"]) == (409, "helper_id")
    trained = helper(coordinator, AREA, "counselling")
    assert counsellor.post(f"{path}/match", {"helper_id": trained}).status_code == 200


@pytest.mark.requirement("V2")
def test_address_may_be_read_when_the_request_was_given_to_the_helper(county: Node) -> None:
    coordinator = county.client("coordinator", name="协调员一")
    person_id = new_id()
    request_id = request(coordinator, AREA, "medicine", person_id=person_id)
    path = f"/volunteers/requests/{request_id}"
    early = county.client("coordinator").post(f"{path}/grant")
    assert (early.status_code, early.json()["request_status"]) == (409, "open")
    helper_id = helper(coordinator, AREA, "medicine")
    coordinator.post(f"{path}/match", {"helper_id": helper_id})
    own = county.client("helper", AREA, name=helper_id)
    answer = own.post(f"{path}/grant")
    assert answer.status_code == 200
    tokens = county.instance.site.tokens
    grant = tokens.verify_grant(answer.json()["grant"])
    assert (grant.holder, grant.person_id, grant.request_id) == (helper_id, person_id, request_id)
    assert grant.area == AREA
    assert grant.expires_at == instant(answer.json()["expires_at"])
    left = grant.expires_at - county.now()
    assert timedelta(minutes=29) < left <= timedelta(minutes=30)
    by_hand = tokens.verify_grant(coordinator.post(f"{path}/grant").json()["grant"])
    assert by_hand.holder == helper_id
    stranger = county.client("helper", AREA, name=new_id())
    assert stranger.post(f"{path}/grant").status_code == 403
    assert county.client("resident", AREA).post(f"{path}/grant").status_code == 403
    nobody = request(coordinator, AREA, "medicine")
    coordinator.post(f"/volunteers/requests/{nobody}/match", {"helper_id": helper_id})
    answer = coordinator.post(f"/volunteers/requests/{nobody}/grant")
    assert (answer.status_code, answer.json()["field"]) == (409, "request_id")


@pytest.mark.requirement("V2")
def test_grant_is_made_anew_and_kept_nowhere_when_it_is_asked_for_again(county: Node) -> None:
    coordinator = county.client("coordinator")
    request_id = request(coordinator, AREA, "medicine", person_id=new_id())
    path = f"/volunteers/requests/{request_id}"
    first, second = (helper(coordinator, AREA, "medicine") for _ in range(2))
    coordinator.post(f"{path}/match", {"helper_id": first})
    own = county.client("helper", AREA, name=first)
    body = {"id": new_id()}
    answers = [own.post(f"{path}/grant", body) for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 200]
    coordinator.post(f"{path}/match", {"helper_id": second})
    assert own.post(f"{path}/grant", body).status_code == 403
    with county.runtime("volunteers").database.reading() as session:
        kept = session.connection().exec_driver_sql("SELECT * FROM requests").all()
    assert body["id"] not in repr(kept)
    assert not any(each.json()["grant"] in repr(kept) for each in answers)


@pytest.mark.requirement("V2")
def test_request_is_refused_when_it_names_a_person_of_another_area(county: Node) -> None:
    person_id = person(county, OTHER)
    body = {"id": new_id(), "area": AREA, "kind": "medicine", "person_id": person_id}
    for role in ("coordinator", "resident"):
        refused = county.client(role, AREA).post("/volunteers/requests", body)
        assert (refused.status_code, refused.json()["field"]) == (403, "person_id")
        assert OTHER not in refused.text
    # Whose rights reach both is refused too: no grant for the one place opens the other.
    assert county.client("coordinator").post("/volunteers/requests", body).status_code == 403
    own = {**body, "area": OTHER}
    assert county.client("coordinator", OTHER).post("/volunteers/requests", own).status_code == 201


@pytest.mark.requirement("D8")
def test_grant_is_for_where_the_person_lives_when_a_plan_asked_and_they_moved(
    county: Node,
) -> None:
    coordinator = county.client("coordinator")
    person_id = person(county, AREA, "food")
    helper_id = helper(coordinator, AREA, "goods")
    plan(county, AREA, "strengthened", daily_goods=("goods", "food", 24.0))
    county.tick()
    person(county, OTHER, "food", person_id=person_id, updated=True)
    [request_id] = [each["id"] for each in listed(coordinator, "requests", status="matched")]
    own = county.client("helper", AREA, name=helper_id)
    answer = own.post(f"/volunteers/requests/{request_id}/grant")
    assert county.instance.site.tokens.verify_grant(answer.json()["grant"]).area == OTHER


def test_404_when_there_is_no_such_request(county: Node) -> None:
    coordinator = county.client("coordinator")
    path = f"/volunteers/requests/{new_id()}"
    assert coordinator.get(path).status_code == 404
    for step in ("match", "start", "complete", "grant"):
        assert coordinator.post(f"{path}/{step}").status_code == 404
    assert coordinator.post(f"{path}/cancel", {"reason": "x"}).status_code == 404
    assert county.anyone.get(path).status_code == 401
