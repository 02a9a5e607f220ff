"""Opening, finding and erasing people through HTTP, on both databases. I4."""

import pytest

from services.intake.people.tables import Person
from shared.events.intake.people import PersonErased
from tests.services.intake.some_people import (
    ADDRESS,
    AREA,
    NEXT_AREA,
    OTHER_TOWNSHIP,
    make_card,
    registered,
    trail,
)
from tests.support.harness import Client, Node, eventually, new_id


@pytest.mark.requirement("I4")
def test_details_are_masked_when_no_reason_is_given(node: Node) -> None:
    recorder = node.client("recorder", AREA)
    wanted = registered(recorder)
    seen = recorder.get(f"/intake/people/{wanted['id']}").json()
    assert (seen["name"], seen["phone"], seen["masked"]) == ("欧*", "138****5678", True)
    assert seen["id_card"] == wanted["id_card"][:6] + "********" + wanted["id_card"][-4:]
    assert seen["address"] == node.instance.site.areas.full_name(AREA) + "****"
    assert seen["categories"] == wanted["categories"]
    assert seen["needs"] == wanted["needs"]
    assert trail(node, wanted["id"]) == []


@pytest.mark.requirement("I4")
def test_opening_is_in_the_audit_log_when_a_reason_is_given(node: Node) -> None:
    wanted = registered(node.client("recorder", AREA), phone="+86 138-1234-5678")
    nurse = node.client("health", "220581", name="卫生院护士")
    seen = nurse.get(f"/intake/people/{wanted['id']}", reason="随访发热").json()
    for field in ("name", "id_card", "address", "area"):
        assert seen[field] == wanted[field]
    assert (seen["phone"], seen["masked"]) == ("13812345678", False)
    (noted,) = trail(node, wanted["id"])
    assert (noted.action, noted.reason) == ("person.opened", "随访发热")
    assert (noted.actor, noted.role) == ("卫生院护士", "health")
    assert wanted["name"] not in str(noted)


@pytest.mark.parametrize(
    ("role", "area", "reason", "status"),
    [
        ("recorder", NEXT_AREA, None, 403),
        ("recorder", NEXT_AREA, "看看", 403),
        ("coordinator", AREA, None, 200),
        ("coordinator", AREA, "看看", 403),
        ("lead", AREA, "看看", 200),
        ("command", "220581", "看看", 200),
        ("command", "220581", " ", 422),
        ("command", "220581", "长" * 201, 422),
        ("it", "220581", None, 403),
        ("it", "220581", "看看", 403),
        ("resident", AREA, None, 403),
        ("helper", AREA, "看看", 403),
        ("counsellor", AREA, None, 403),
        ("election", AREA, None, 403),
        ("subscriber", AREA, None, 403),
    ],
)
def test_only_who_may_sees_a_person(
    node: Node, role: str, area: str, reason: str | None, status: int
) -> None:
    wanted = registered(node.client("recorder", AREA))
    params = {} if reason is None else {"reason": reason}
    answer = node.client(role, area).get(f"/intake/people/{wanted['id']}", **params)
    assert answer.status_code == status
    if status == 422:
        assert answer.json()["field"] == "reason"
    opened = status == 200 and reason is not None
    assert len(trail(node, wanted["id"])) == int(opened)
    if not opened:
        assert ADDRESS not in answer.text
    assert node.anyone.get(f"/intake/people/{wanted['id']}").status_code == 401


@pytest.mark.requirement("I4")
def test_person_is_gone_everywhere_when_erased(node: Node) -> None:
    recorder, command = node.client("recorder", AREA), node.client("command")
    wanted = registered(recorder)
    path = f"/intake/people/{wanted['id']}"
    runtime = node.runtime("intake")
    with runtime.database.reading() as session:
        sealed = session.get_one(Person, wanted["id"]).sealed
    assert sealed is not None
    assert recorder.post(f"{path}/erase", {"reason": "保存期满"}).status_code == 403
    assert command.post(f"{path}/erase").json()["field"] == "reason"
    assert (
        node.client("command", OTHER_TOWNSHIP)
        .post(f"{path}/erase", {"reason": "保存期满"})
        .status_code
        == 403
    )
    assert recorder.get(path).status_code == 200
    answer = command.post(f"{path}/erase", {"reason": "保存期满"})
    assert (answer.status_code, answer.json()) == (200, {"id": wanted["id"]})
    for gone in (
        recorder.get(path),
        recorder.get(path, reason="核对"),
        recorder.patch(path, {"needs": []}),
        command.post(f"{path}/erase", {"reason": "保存期满"}),
    ):
        assert (gone.status_code, gone.json()["field"]) == (410, "person_id")
        assert "注销" in gone.json()["detail"]
    assert wanted["id"] not in recorder.get("/intake/people", limit=500).text
    event = node.logged("intake", PersonErased)[-1].data
    assert (event.person_id, event.area) == (wanted["id"], AREA)
    assert [row.action for row in trail(node, wanted["id"])] == ["person.erased"]
    vault = runtime.site.vault
    eventually(lambda: vault._store.find([wanted["id"]]) == {wanted["id"]: None})
    # Whoever kept a copy of the row cannot read it, and the card may be registered anew.
    with runtime.database.writing() as session:
        row = session.get_one(Person, wanted["id"])
        row.sealed, row.erased_at = sealed, None
        session.commit()
    assert recorder.get(path).status_code == 410
    listed = recorder.get("/intake/people", limit=500)
    assert listed.status_code == 200
    assert wanted["id"] not in listed.text
    registered(recorder, id_card=wanted["id_card"])


@pytest.mark.requirement("I4")
def test_person_is_found_by_number_within_the_area_only(node: Node) -> None:
    area = "220581001004"
    recorder = node.client("recorder", area)
    phone = "0435-4222345"
    one = registered(recorder, area=area, phone=phone)
    other = registered(recorder, area=area, phone=phone)

    def found(client: Client, **number: str) -> set[str]:
        answer = client.post("/intake/people/find", number)
        assert answer.status_code == 200
        assert one["name"] not in answer.text
        return {item["id"] for item in answer.json()["items"]}

    assert found(recorder, phone="04354222345") == {one["id"], other["id"]}
    assert found(recorder, id_card=one["id_card"]) == {one["id"]}
    assert found(recorder, id_card=make_card()) == set()
    assert found(node.client("recorder", AREA), phone=phone) == set()
    assert [row.action for row in trail(node, other["id"])] == ["person.found"]
    for wrong in ({}, {"phone": phone, "id_card": one["id_card"]}):
        assert recorder.post("/intake/people/find", wrong).json()["field"] == "id_card"
    assert recorder.post("/intake/people/find", {"phone": "1"}).json()["field"] == "phone"
    assert node.client("it").post("/intake/people/find", {"phone": phone}).status_code == 403


def test_404_when_nobody_has_the_id(node: Node) -> None:
    recorder = node.client("recorder", AREA)
    for params in ({}, {"reason": "核对"}):
        answer = recorder.get(f"/intake/people/{new_id()}", **params)
        assert (answer.status_code, answer.json()["field"]) == (404, "person_id")
    assert recorder.get("/intake/people/7").status_code == 422
