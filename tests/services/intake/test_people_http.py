"""Registering, changing and listing people through HTTP, on both databases. I4."""

import json
from typing import Any

import pytest

from shared.events.intake.people import PersonRegistered, PersonUpdated
from tests.services.intake.some_people import (
    ADDRESS,
    AREA,
    NEXT_AREA,
    OTHER_TOWNSHIP,
    body,
    make_card,
    registered,
)
from tests.support.harness import Node, new_id


@pytest.mark.requirement("I4")
def test_event_names_nobody_when_a_person_is_registered(node: Node) -> None:
    wanted = registered(node.client("recorder", AREA), occurred_at="2021-01-18T08:00:00+08:00")
    found = [r for r in node.logged("intake", PersonRegistered) if r.data.person_id == wanted["id"]]
    assert len(found) == 1
    event = found[0].data
    assert (event.area, event.occurred_at.isoformat()) == (AREA, "2021-01-18T08:00:00+08:00")
    assert event.categories == ("living_alone_elderly", "chronic_illness")
    assert event.needs == ("medicine",)
    assert set(event.model_dump(exclude_defaults=True)) == {
        "area",
        "occurred_at",
        "person_id",
        "categories",
        "needs",
    }


@pytest.mark.parametrize(
    ("changes", "field", "status"),
    [
        ({"id_card": "220581199001011234"}, "id_card", 422),
        ({"id_card": "220581900101123"}, "id_card", 422),
        ({"id_card": make_card("20990101")}, "id_card", 422),
        ({"phone": "12345"}, "phone", 422),
        ({"name": ""}, "name", 422),
        ({"name": "长" * 61}, "name", 422),
        ({"name": "张\u0000三"}, "name", 422),
        ({"address": "长" * 201}, "address", 422),
        ({"categories": ["rich"]}, "categories.0", 422),
        ({"needs": ["money"]}, "needs.0", 422),
        ({"area": "220581999999"}, "area", 422),
        ({"area": NEXT_AREA}, "area", 403),
        ({"occurred_at": "2999-01-01T00:00:00+08:00"}, "occurred_at", 422),
        ({"surname": "张"}, "surname", 422),
    ],
)
def test_problem_names_the_field_and_no_value_when_a_person_is_wrong(
    node: Node, changes: dict[str, Any], field: str, status: int
) -> None:
    wanted = body(**changes)
    answer = node.client("recorder", AREA).post("/intake/people", wanted)
    assert (answer.status_code, answer.json()["field"]) == (status, field)
    for secret in ("name", "id_card", "phone", "address"):
        assert not wanted[secret] or wanted[secret] not in answer.text


@pytest.mark.requirement("I4")
def test_conflict_tells_the_id_only_where_the_caller_may_look_when_a_card_is_known(
    node: Node,
) -> None:
    recorder = node.client("recorder", AREA)
    wanted = registered(recorder)
    again = body(id_card=" " + wanted["id_card"].lower())
    here = recorder.post("/intake/people", again)
    assert (here.status_code, here.json()["field"]) == (409, "id_card")
    assert here.json()["person_id"] == wanted["id"]
    stranger = node.client("recorder", OTHER_TOWNSHIP)
    there = stranger.post("/intake/people", {**again, "area": "220581002001"})
    assert (there.status_code, there.json()["field"]) == (409, "id_card")
    assert "person_id" not in there.json()
    assert wanted["id"] not in there.text
    assert AREA not in there.text
    for answer in (here, there):
        assert wanted["id_card"] not in answer.text


def test_first_answer_comes_again_when_the_same_person_is_sent_twice(node: Node) -> None:
    recorder = node.client("recorder", AREA)
    wanted = registered(recorder)
    again = recorder.post("/intake/people", wanted)
    assert (again.status_code, again.json()) == (200, {"id": wanted["id"]})
    other = recorder.post("/intake/people", {**wanted, "name": "李四"})
    assert (other.status_code, other.json()["field"]) == (409, "id")


@pytest.mark.requirement("I4")
def test_good_lines_are_kept_when_others_of_a_bulk_are_refused(node: Node) -> None:
    recorder = node.client("recorder", AREA)
    known = registered(recorder)
    good = [body(), body(id_card=None, phone=None), body()]
    lines = [
        good[0],
        body(id_card=known["id_card"]),
        good[1],
        body(id_card=good[0]["id_card"]),
        body(phone="7"),
        known,
        good[2],
    ]
    content = "\n".join(json.dumps(line) for line in lines)
    answer = recorder.request("POST", "/intake/people/bulk", content=content)
    assert answer.status_code == 200
    done = answer.json()
    assert (done["recorded"], done["duplicates"]) == (3, 1)
    assert [(one["line"], one["field"]) for one in done["rejected"]] == [
        (2, "id_card"),
        (4, "id_card"),
        (5, "phone"),
    ]
    assert done["rejected"][0]["person_id"] == known["id"]
    for one in good:
        seen = recorder.get(f"/intake/people/{one['id']}", reason="核对").json()
        assert (seen["name"], seen["phone"]) == (one["name"], one["phone"])


@pytest.mark.requirement("I4")
def test_list_is_masked_and_paged_when_people_are_asked_for(node: Node) -> None:
    area = "220581001003"
    recorder = node.client("recorder", area)
    people = [
        registered(recorder, area=area, categories=["disabled"], needs=["care", "food"]),
        registered(recorder, area=area, categories=["disabled", "low_income"], needs=[]),
        registered(recorder, area=area, categories=["tenant"], needs=["care"]),
    ]
    ids = [one["id"] for one in people]

    def listed(**params: Any) -> set[str]:
        answer = recorder.get("/intake/people", **params)
        assert answer.status_code == 200
        assert ADDRESS not in answer.text
        assert people[0]["name"] not in answer.text
        assert all(item["masked"] for item in answer.json()["items"])
        return {item["id"] for item in answer.json()["items"]}

    assert listed() == set(ids)
    assert listed(area=area, category="disabled") == set(ids[:2])
    assert listed(category="disabled", need="care") == {ids[0]}
    assert listed(need="care") == {ids[0], ids[2]}
    assert listed(category="pregnant") == set()
    first = recorder.get("/intake/people", limit=2).json()
    second = recorder.get("/intake/people", limit=2, cursor=first["next"]).json()
    assert (len(first["items"]), len(second["items"]), second["next"]) == (2, 1, None)
    assert {item["id"] for item in first["items"] + second["items"]} == set(ids)
    assert recorder.get("/intake/people", area=AREA).status_code == 403
    assert recorder.get("/intake/people", category="x").json()["field"] == "category"
    assert recorder.get("/intake/people", colour="x").json()["field"] == "colour"
    assert node.client("it").get("/intake/people").status_code == 403


@pytest.mark.requirement("I4")
def test_event_tells_what_is_so_now_when_a_person_is_changed(node: Node) -> None:
    lead = node.client("lead", "220581001")
    wanted = registered(lead)
    path = f"/intake/people/{wanted['id']}"
    change = {"area": NEXT_AREA, "categories": ["recovered"], "phone": "0435-4222222"}
    answer = lead.patch(path, {"id": new_id(), **change, "address": None})
    assert (answer.status_code, answer.json()) == (200, {"id": wanted["id"]})
    seen = lead.get(path, reason="核对").json()
    assert (seen["area"], seen["categories"]) == (NEXT_AREA, ["recovered"])
    assert (seen["phone"], seen["address"]) == ("04354222222", None)
    assert (seen["name"], seen["id_card"]) == (wanted["name"], wanted["id_card"])
    assert seen["needs"] == ["medicine"]
    event = node.logged("intake", PersonUpdated)[-1].data
    assert (event.person_id, event.area) == (wanted["id"], NEXT_AREA)
    assert (event.categories, event.needs) == (("recovered",), ("medicine",))
    old = node.client("recorder", AREA)
    assert old.patch(path, {"needs": []}).status_code == 403
    assert lead.patch(path, {"needs": []}).status_code == 200
    assert lead.get(path).json()["needs"] == []


@pytest.mark.parametrize(
    ("change", "field", "status"),
    [
        ({}, "body", 422),
        ({"id": "00000000-0000-4000-8000-000000000001"}, "body", 422),
        ({"area": None}, "area", 422),
        ({"area": "220581002001"}, "area", 403),
        ({"categories": None}, "categories", 422),
        ({"id_card": "1"}, "id_card", 422),
        ({"phone": "1"}, "phone", 422),
        ({"colour": "red"}, "colour", 422),
    ],
)
def test_nothing_changes_when_a_change_is_wrong(
    node: Node, change: dict[str, Any], field: str, status: int
) -> None:
    recorder = node.client("recorder", AREA)
    wanted = registered(recorder)
    path = f"/intake/people/{wanted['id']}"
    before = recorder.get(path).json()
    answer = recorder.patch(path, change)
    assert (answer.status_code, answer.json()["field"]) == (status, field)
    assert recorder.get(path).json() == before
    assert recorder.patch(f"/intake/people/{new_id()}", {"needs": []}).status_code == 404


def test_conflict_when_a_person_is_given_the_card_of_another(node: Node) -> None:
    recorder = node.client("recorder", AREA)
    one, other = registered(recorder), registered(recorder)
    path = f"/intake/people/{other['id']}"
    answer = recorder.patch(path, {"id_card": one["id_card"], "name": "李四"})
    assert (answer.status_code, answer.json()["person_id"]) == (409, one["id"])
    assert recorder.get(path, reason="核对").json()["name"] == other["name"]
    assert recorder.patch(path, {"id_card": other["id_card"]}).status_code == 200
    free = make_card()
    assert recorder.patch(path, {"id_card": free}).status_code == 200
    assert registered(recorder, id_card=other["id_card"])["id"] != other["id"]
