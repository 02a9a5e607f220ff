"""Activities through HTTP and the real bus: decided, refused, called off, reported. D7."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from services.alerts.activities.tables import Activity
from shared.clock.clock import CST, VirtualClock
from tests.services.alerts.gatherings import (
    about,
    activity,
    causes,
    listed,
    names,
    now,
    order,
    problem,
)
from tests.support.harness import Node, new_id

COMMUNITIES = [f"220581001{number}" for number in ("001", "002", "003", "004", "200", "201")]


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node whose clock the test moves; it stands on 18 January 2021."""
    clock = VirtualClock(datetime(2021, 1, 18, 8, 0, tzinfo=CST))
    node = Node(tmp_path_factory.mktemp("later"), clock=clock)
    node.start()
    yield node
    node.stop()


def step(node: Node, to: datetime) -> None:
    assert isinstance(node.clock, VirtualClock)
    node.clock.step_to(to)
    node.tick()


def decide(node: Node, thing: dict[str, Any], **decision: Any) -> Any:
    return node.client("lead").post(f"/alerts/activities/{thing['id']}/decision", decision)


@pytest.mark.requirement("D7")
def test_person_decides_when_the_level_allows_it(node: Node) -> None:
    area = COMMUNITIES[0]
    wedding, fair = activity(node, area, "wedding"), activity(node, area, "market_day", 300)
    assert (wedding["status"], fair["status"]) == ("applied", "applied")
    approved = decide(node, wedding, accept=True, reason="控制人数")
    assert (approved.status_code, approved.json()["status"]) == (200, "approved")
    problem(decide(node, fair, accept=False), 422, "reason")
    assert decide(node, fair, accept=False, reason="场地不足").json()["status"] == "refused"
    problem(decide(node, fair, accept=True, reason="x"), 409, "status")
    assert names(about(node, wedding)) == ["activity_applied", "activity_approved"]
    refused = about(node, fair)[-1].data
    assert (refused.name, refused.reason, refused.by) == ("activity_refused", "场地不足", "test")


@pytest.mark.requirement("D7")
def test_approval_is_refused_with_the_policy_line_when_it_is_beyond_the_level(node: Node) -> None:
    crowd = activity(node, COMMUNITIES[0], "culture", 501)
    assert crowd["status"] == "applied"
    found = problem(decide(node, crowd, accept=True, reason="x"), 409, "people")
    assert found["policy"] == "2021-01#activities.low.max_people"
    assert found["policy"] in found["detail"]
    assert now(node, "activities", crowd)["status"] == "applied"


@pytest.mark.requirement("D7")
def test_plan_refuses_at_once_when_an_activity_is_applied_for_under_it(node: Node) -> None:
    area = COMMUNITIES[1]
    order(node, area, "medium")
    banquet = activity(node, area, "banquet", 8)
    assert banquet["status"] == "refused"
    assert banquet["policy"] == "2021-01#activities.medium.max_people_of.banquet"
    assert banquet["policy"] in banquet["reason"]
    applied, refused = about(node, banquet)
    assert names([applied, refused]) == ["activity_applied", "activity_refused"]
    assert causes(refused.data) == ["risk_level_changed"]
    assert refused.data.because[-1].policy == banquet["policy"]
    meeting = activity(node, area, "meeting", 5)
    assert meeting["policy"] == "2021-01#measures.medium.meeting_postponement"
    small, funeral = activity(node, area, "training", 50), activity(node, area, "funeral", 20)
    assert (small["status"], funeral["status"]) == ("applied", "applied")
    assert activity(node, area, "training", 51)["status"] == "refused"
    assert decide(node, funeral, accept=True).json()["status"] == "approved"
    order(node, area, "high")
    assert now(node, "activities", funeral)["status"] == "called_off"
    order(node, area, "low")
    assert now(node, "activities", small)["status"] == "called_off"
    assert activity(node, area, "training", 51)["status"] == "applied"


@pytest.mark.requirement("D7")
def test_activities_are_called_off_by_size_and_kind_when_the_level_rises(node: Node) -> None:
    area = COMMUNITIES[2]
    kinds = {"wedding": 10, "banquet": 10, "funeral": 21, "meeting": 3, "culture": 51}
    gone = [activity(node, area, kind, people) for kind, people in kinds.items()]
    left = [activity(node, area, kind, 20) for kind in ("funeral", "culture")]
    assert decide(node, gone[0], approve=True).json()["status"] == "approved"
    order(node, area, "medium")
    found = {one["id"]: one for one in listed(node, "activities", area=area)}
    assert {found[one["id"]]["status"] for one in gone} == {"called_off"}
    assert {found[one["id"]]["status"] for one in left} == {"applied"}
    event = about(node, gone[0])[-1].data
    assert (event.name, causes(event)) == ("activity_called_off", ["risk_level_changed"])
    line = "2021-01#activities.medium.max_people_of.wedding"
    assert event.because[-1].policy == line
    assert event.measure_id == found[gone[0]["id"]]["measure_id"]
    assert event.reason == found[gone[0]["id"]]["reason"] == f"现行规定不得举办（{line}）"
    assert event.reason_en == f"it is not allowed at present ({line})"
    (culture,) = listed(node, "activities", area=area, kind="culture", status="called_off")
    assert culture["policy"] == "2021-01#measures.medium.activity_stop"
    order(node, area, "low")


def test_applicant_is_told_only_to_deciders_who_say_why(node: Node) -> None:
    area = COMMUNITIES[3]
    wedding = activity(node, area, "wedding", applicant="王某")
    path = f"/alerts/activities/{wedding['id']}"
    lead = node.client("lead", area)
    assert "applicant" not in lead.get(path).json()
    assert lead.get(path, reason="核对申请").json()["applicant"] == "王某"
    assert node.client("resident", area).get(path, reason="好奇").status_code == 403
    elsewhere = node.client("lead", COMMUNITIES[0])
    assert elsewhere.get(path, reason="核对申请").status_code == 403
    assert all("王某" not in r.data.model_dump_json() for r in about(node, wedding))


def test_applicant_is_sealed_apart_when_the_id_is_that_of_somebody_else(node: Node) -> None:
    area, vault = COMMUNITIES[3], node.instance.site.vault
    known = new_id()
    vault.seal(known, {"name": "李某"})
    wedding = activity(node, area, "wedding", applicant="王某", id=known)
    path, lead = f"/alerts/activities/{wedding['id']}", node.client("lead", area)
    vault.destroy(known)
    assert lead.get(path, reason="核对申请").json()["applicant"] == "王某"
    older = activity(node, area, "wedding")
    sealed = vault.seal(older["id"], {"applicant": "赵某"})
    with node.runtime("alerts").database.write_engine.begin() as connection:
        this = update(Activity).where(Activity.id == older["id"])
        connection.execute(this.values(applicant=sealed))
    path = f"/alerts/activities/{older['id']}"
    assert lead.get(path, reason="核对申请").json()["applicant"] == "赵某"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"people": 0}, "people"),
        ({"people": True}, "people"),
        ({"people": "20"}, "people"),
        ({"ends_at": "9999-12-31T23:59:59-08:00"}, "ends_at"),
        ({"kind": "party"}, "kind"),
        ({"ends_at": "2020-01-01T08:00:00+08:00"}, "ends_at"),
        ({"starts_at": "2020-01-01T08:00:00+08:00"}, "starts_at"),
        ({"starts_at": "2999-01-01T08:00:00"}, "starts_at"),
        ({"area": "220581999999"}, "area"),
        ({"guests": 3}, "guests"),
    ],
)
def test_problem_names_the_field_when_an_application_is_wrong(
    node: Node, changes: dict[str, Any], field: str
) -> None:
    starts = node.now() + timedelta(days=2)
    body = {
        "id": new_id(),
        "area": COMMUNITIES[3],
        "kind": "culture",
        "name": "秧歌",
        "people": 30,
        "starts_at": starts.isoformat(),
        "ends_at": (starts + timedelta(hours=2)).isoformat(),
    }
    before = node.runtime("alerts").writer.head
    problem(node.client("resident").post("/alerts/activities", {**body, **changes}), 422, field)
    assert node.runtime("alerts").writer.head == before


def test_role_and_area_are_asked_for_when_deciding(node: Node) -> None:
    culture = activity(node, COMMUNITIES[4], "culture")
    path = f"/alerts/activities/{culture['id']}"
    decision = {"accept": True, "reason": "x"}
    assert node.client("resident").post(f"{path}/decision", decision).status_code == 403
    elsewhere = node.client("lead", COMMUNITIES[0])
    assert elsewhere.post(f"{path}/decision", decision).status_code == 403
    problem(decide(node, {"id": new_id()}, accept=True), 404, "activity_id")
    problem(decide(node, culture, reason="x"), 422, "accept")
    assert node.client("lead").get(f"/alerts/activities/{new_id()}").status_code == 404
    page = node.client("it", COMMUNITIES[4]).get("/alerts/activities", limit=1).json()
    assert ([one["id"] for one in page["items"]], page["next"]) == ([culture["id"]], None)


@pytest.mark.requirement("D7")
def test_what_has_begun_goes_on_and_is_reported_when_it_is_over(later: Node) -> None:
    area = COMMUNITIES[5]
    begun = later.now() + timedelta(hours=1)
    over = begun + timedelta(hours=3)
    times: dict[str, Any] = {"starts_at": begun.isoformat(), "ends_at": over.isoformat()}
    resident = later.client("resident", area, "孙某")
    mine = {"id": new_id(), "area": area, "kind": "wedding", "name": "婚宴", "people": 80, **times}
    wedding = resident.post("/alerts/activities", mine).json()
    ahead = activity(later, area, "wedding")
    assert decide(later, wedding, accept=True).status_code == 200
    path = f"/alerts/activities/{wedding['id']}/report"
    problem(resident.post(path, {"people": 61}), 409, "ends_at")
    step(later, begun + timedelta(minutes=1))
    order(later, area, "medium")
    assert now(later, "activities", wedding)["status"] == "approved"
    assert now(later, "activities", ahead)["status"] == "called_off"
    step(later, over)
    neighbour = later.client("resident", area, "周某")
    problem(neighbour.post(path, {"people": 61}), 403, "activity_id")
    reported = resident.post(path, {"people": 61, "abnormal": True}).json()
    assert (reported["status"], reported["people"], reported["came"]) == ("reported", 80, 61)
    assert reported["by"] is None
    event = about(later, wedding)[-1].data
    assert (event.name, event.people, event.abnormal) == ("activity_reported", 61, True)
    assert all("孙某" not in r.data.model_dump_json() for r in about(later, wedding))
    problem(resident.post(path, {"people": 60}), 409, "status")
    path = f"/alerts/activities/{ahead['id']}/report"
    problem(later.client("recorder", area).post(path, {"people": 1}), 409, "status")
