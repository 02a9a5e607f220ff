"""Screenings through HTTP and the real bus. I1."""

import json
from typing import Any

import pytest

from shared.events.intake.screenings import ScreeningRecorded, ScreeningVoided
from tests.support.harness import Node, eventually, new_id

AREA = "220581001001"


def body(**changes: Any) -> dict[str, Any]:
    return {
        "id": new_id(),
        "area": AREA,
        "temperature_c": 36.5,
        "place_kind": "checkpoint",
        **changes,
    }


@pytest.mark.requirement("I1")
def test_event_is_logged_and_streamed_when_a_screening_is_posted(node: Node) -> None:
    recorder = node.client("recorder", AREA)
    wanted = body(symptoms=["cough"], health_code="green", direction="entry")
    answer = recorder.post("/intake/screenings", wanted)
    assert (answer.status_code, answer.json()) == (201, {"id": wanted["id"]})
    found = [
        r for r in node.logged("intake", ScreeningRecorded) if r.data.screening_id == wanted["id"]
    ]
    assert len(found) == 1
    assert found[0].data.temperature_c == 36.5
    bus = node.runtime("intake").bus
    eventually(lambda: node.runtime("intake").relay.published >= found[0].sequence)
    message = node.run(bus.message("INTAKE", found[0].sequence))
    assert message is not None
    assert json.loads(message)["data"]["screening_id"] == wanted["id"]


def test_first_answer_comes_again_when_the_same_body_is_sent_twice(node: Node) -> None:
    recorder = node.client("recorder", AREA)
    wanted = body()
    assert recorder.post("/intake/screenings", wanted).status_code == 201
    again = recorder.post("/intake/screenings", wanted)
    assert (again.status_code, again.json()) == (200, {"id": wanted["id"]})
    other = recorder.post("/intake/screenings", {**wanted, "temperature_c": 36.9})
    assert other.status_code == 409
    assert other.json()["field"] == "id"


@pytest.mark.parametrize(
    ("changes", "field", "status"),
    [
        ({"area": "220581999999"}, "area", 422),
        ({"area": "22058"}, "area", 422),
        ({"area": "220581002001"}, "area", 403),
        ({"temperature_c": 29.9}, "temperature_c", 422),
        ({"temperature_c": 45.1}, "temperature_c", 422),
        ({"temperature_c": "hot"}, "temperature_c", 422),
        ({"temperature_c": "37.5"}, "temperature_c", 422),
        ({"temperature_c": True}, "temperature_c", 422),
        ({"temperature_c": None}, "temperature_c", 422),
        ({"occurred_at": "2999-01-01T00:00:00+08:00"}, "occurred_at", 422),
        ({"occurred_at": "2021-01-01T00:00:00"}, "occurred_at", 422),
        ({"occurred_at": 0}, "occurred_at", 422),
        ({"occurred_at": "0001-01-01T00:00:00+08:00"}, "occurred_at", 422),
        ({"occurred_at": "1990-01-18T08:00:00+08:00"}, "occurred_at", 422),
        ({"occurred_at": "2019-11-30T23:59:59+08:00"}, "occurred_at", 422),
        ({"occurred_at": "9999-12-31T23:59:59-08:00"}, "occurred_at", 422),
        ({"occurred_at": "1790000000"}, "occurred_at", 422),
        ({"place_kind": "moon"}, "place_kind", 422),
        ({"health_code": "blue"}, "health_code", 422),
        ({"symptoms": ["joy"]}, "symptoms.0", 422),
        ({"temprature": 37}, "temprature", 422),
        ({"id": "7"}, "id", 422),
    ],
)
def test_problem_names_the_field_when_a_screening_is_wrong(
    node: Node, changes: dict[str, Any], field: str, status: int
) -> None:
    before = node.runtime("intake").writer.head
    answer = node.client("recorder", AREA).post("/intake/screenings", body(**changes))
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["field"] == field
    assert field in answer.json()["detail"]
    assert node.runtime("intake").writer.head == before


def test_symptom_is_kept_once_when_it_is_said_twice(node: Node) -> None:
    wanted = body(temperature_c=38, symptoms=["cough", "fatigue", "cough"])
    assert node.client("recorder", AREA).post("/intake/screenings", wanted).status_code == 201
    (event,) = (
        r.data
        for r in node.logged("intake", ScreeningRecorded)
        if r.data.screening_id == wanted["id"]
    )
    assert (event.symptoms, event.temperature_c) == (("cough", "fatigue"), 38.0)
    found = {"area": AREA, "limit": 500}

    def reasons() -> list[list[str]]:
        items = node.client("health").get("/alerts/alerts", **found).json()["items"]
        return [one["reasons"] for one in items if one["screening_id"] == wanted["id"]]

    (told,) = eventually(reasons)
    assert len(told) == len(set(told))


def test_413_when_a_single_body_is_over_a_megabyte(node: Node) -> None:
    answer = node.client("recorder", AREA).post(
        "/intake/screenings", body(unmeasured_reason="x" * 1024 * 1024)
    )
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


def test_401_or_403_when_the_token_is_missing_or_of_another_role(node: Node) -> None:
    assert node.anyone.post("/intake/screenings", body()).status_code == 401
    assert node.client("it").post("/intake/screenings", body()).status_code == 403


@pytest.mark.requirement("I1")
def test_good_lines_are_kept_when_others_of_a_bulk_are_broken(node: Node) -> None:
    recorder = node.client("recorder", AREA)
    known = body()
    recorder.post("/intake/screenings", known)
    good = [body(), body()]
    lines = [
        json.dumps(good[0]),
        "",
        "{broken",
        json.dumps(known),
        json.dumps(body(temperature_c=60)),
        json.dumps(good[1]),
        json.dumps({**good[1], "temperature_c": 36.0}),
        json.dumps(body(area="220581002001")),
    ]
    before = node.runtime("intake").writer.head
    answer = recorder.request("POST", "/intake/screenings/bulk", content="\n".join(lines))
    assert answer.status_code == 200
    found = answer.json()
    assert (found["recorded"], found["duplicates"]) == (2, 1)
    assert [one["line"] for one in found["rejected"]] == [3, 5, 7, 8]
    assert "temperature_c" in found["rejected"][1]["error"]
    assert node.runtime("intake").writer.head == before + 2


def test_413_when_a_bulk_has_too_many_lines(node: Node) -> None:
    answer = node.client("recorder", AREA).request(
        "POST", "/intake/screenings/bulk", content=b"{}\n" * 10_001
    )
    assert answer.status_code == 413


@pytest.mark.requirement("I1")
def test_event_tells_the_facts_when_a_screening_is_voided(node: Node) -> None:
    recorder = node.client("recorder", AREA)
    wanted = body()
    recorder.post("/intake/screenings", wanted)
    path = f"/intake/screenings/{wanted['id']}/void"
    assert recorder.post(path, {}).json()["field"] == "reason"
    assert node.client("recorder", "220581002").post(path, {"reason": "x"}).status_code == 403
    assert recorder.post(path, {"reason": "输错"}).status_code == 200
    assert recorder.post(path, {"reason": "输错"}).status_code == 409
    voided = node.logged("intake", ScreeningVoided)[-1].data
    assert (voided.screening_id, voided.temperature_c) == (wanted["id"], 36.5)
    assert recorder.post(f"/intake/screenings/{new_id()}/void", {"reason": "x"}).status_code == 404
