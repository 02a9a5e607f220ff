"""Case reports through HTTP, on both databases. I9."""

from datetime import date, timedelta
from typing import Any

import pytest

from shared.clock.clock import CST
from shared.events.intake.cases import CASE_STATUSES, CaseReported
from tests.support.harness import Client, Node, new_id

AREA = "220581002001"
NEXT_AREA = "220581002002"


def body(**changes: Any) -> dict[str, Any]:
    return {"id": new_id(), "area": AREA, "status": "suspected", **changes}


def reported(client: Client, **changes: Any) -> str:
    wanted = body(**changes)
    answer = client.post("/intake/cases", wanted)
    assert (answer.status_code, answer.json()) == (201, {"id": wanted["id"]}), answer.text
    return str(wanted["id"])


def events_of(node: Node, case_id: str) -> list[CaseReported]:
    return [r.data for r in node.logged("intake", CaseReported) if r.data.case_id == case_id]


def person(node: Node) -> str:
    wanted = {"id": new_id(), "area": AREA, "name": "张三", "categories": []}
    assert node.client("recorder", AREA).post("/intake/people", wanted).status_code == 201
    return str(wanted["id"])


@pytest.mark.requirement("I9")
def test_event_tells_the_facts_when_a_case_is_reported(node: Node) -> None:
    clinic = node.client("health", AREA)
    person_id = person(node)
    case_id = reported(
        clinic,
        status="confirmed",
        person_id=person_id,
        onset_on="2021-01-15",
        origin="imported",
        setting="isolation_site",
        occurred_at="2021-01-17T17:30:00Z",
    )
    (event,) = events_of(node, case_id)
    assert (event.area, event.status, event.person_id) == (AREA, "confirmed", person_id)
    # Half past one in the morning of the next day, in China.
    assert event.confirmed_on == date(2021, 1, 18)
    assert (event.onset_on, event.origin) == (date(2021, 1, 15), "imported")
    assert (event.setting, event.linked_to, event.because) == ("isolation_site", (), ())
    seen = clinic.get(f"/intake/cases/{case_id}").json()
    assert (seen["id"], seen["status"], seen["person_id"]) == (case_id, "confirmed", person_id)
    assert (seen["confirmed_on"], seen["onset_on"]) == ("2021-01-18", "2021-01-15")
    assert [one["status"] for one in seen["reports"]] == ["confirmed"]


def test_day_of_confirmation_is_today_when_no_time_is_given(node: Node) -> None:
    case_id = reported(node.client("health", AREA), status="confirmed")
    (event,) = events_of(node, case_id)
    assert event.confirmed_on == event.occurred_at.astimezone(CST).date()
    assert (event.origin, event.setting, event.person_id) == ("unknown", None, None)


@pytest.mark.parametrize("status", CASE_STATUSES)
def test_case_may_be_known_first_in_any_status(node: Node, status: str) -> None:
    case_id = reported(node.client("health", AREA), status=status)
    assert events_of(node, case_id)[0].status == status


@pytest.mark.parametrize(
    ("changes", "field", "status"),
    [
        ({"status": "ill"}, "status", 422),
        ({"status": None}, "status", 422),
        ({"area": "220581999999"}, "area", 422),
        ({"area": NEXT_AREA}, "area", 403),
        ({"person_id": "00000000-0000-4000-8000-000000000001"}, "person_id", 422),
        ({"linked_to": ["00000000-0000-4000-8000-000000000001"]}, "linked_to", 422),
        ({"linked_to": ["x"]}, "linked_to.0", 422),
        ({"onset_on": "2999-01-01"}, "onset_on", 422),
        ({"confirmed_on": "2021-01-01"}, "confirmed_on", 422),
        ({"status": "confirmed", "confirmed_on": "2999-01-01"}, "confirmed_on", 422),
        (
            {"status": "confirmed", "confirmed_on": "2021-01-01", "onset_on": "2021-01-02"},
            "onset_on",
            422,
        ),
        ({"status": "confirmed", "confirmed_on": "0001-01-01"}, "confirmed_on", 422),
        ({"status": "confirmed", "confirmed_on": "2019-11-30"}, "confirmed_on", 422),
        ({"status": "confirmed", "confirmed_on": 1610928000}, "confirmed_on", 422),
        ({"onset_on": "1990-01-18"}, "onset_on", 422),
        ({"onset_on": "9999-12-31"}, "onset_on", 422),
        ({"onset_on": "18.1.2021"}, "onset_on", 422),
        ({"occurred_at": "1990-01-18T08:00:00+08:00"}, "occurred_at", 422),
        ({"origin": "moon"}, "origin", 422),
        ({"setting": "长" * 201}, "setting", 422),
        ({"setting": ""}, "setting", 422),
        ({"occurred_at": "2999-01-01T00:00:00+08:00"}, "occurred_at", 422),
        ({"occurred_at": "2021-01-01T00:00:00"}, "occurred_at", 422),
        ({"ward": 3}, "ward", 422),
    ],
)
def test_problem_names_the_field_and_nothing_is_kept_when_a_case_is_wrong(
    node: Node, changes: dict[str, Any], field: str, status: int
) -> None:
    before = node.runtime("intake").writer.head
    clinic = node.client("health", AREA)
    wanted = body(**changes)
    answer = clinic.post("/intake/cases", wanted)
    assert (answer.status_code, answer.json()["field"]) == (status, field)
    assert clinic.get(f"/intake/cases/{wanted['id']}").status_code == 404
    assert node.runtime("intake").writer.head == before


@pytest.mark.parametrize(
    ("role", "write", "read"),
    [
        ("health", 201, 200),
        ("command", 201, 200),
        ("lead", 403, 200),
        ("recorder", 403, 403),
        ("it", 403, 403),
        ("helper", 403, 403),
        ("coordinator", 403, 403),
        ("resident", 403, 403),
    ],
)
def test_only_who_may_reports_and_reads_cases(node: Node, role: str, write: int, read: int) -> None:
    case_id = reported(node.client("health", AREA))
    caller = node.client(role, AREA)
    assert caller.post("/intake/cases", body()).status_code == write
    path = f"/intake/cases/{case_id}"
    again = caller.post(f"{path}/reports", {"status": "confirmed"})
    assert again.status_code == write
    assert caller.get(path).status_code == read
    assert caller.get("/intake/cases").status_code == read
    stranger = node.client("health", NEXT_AREA)
    assert stranger.get(path).status_code == 403
    assert stranger.post(f"{path}/reports", {"status": "confirmed"}).status_code == 403
    assert node.anyone.get(path).status_code == 401


@pytest.mark.requirement("I9")
def test_every_report_is_an_event_of_the_same_case_when_the_status_changes(node: Node) -> None:
    clinic = node.client("health", AREA)
    case_id = reported(
        clinic,
        onset_on="2021-01-10",
        setting="household",
        occurred_at="2021-01-11T09:00:00+08:00",
    )
    path = f"/intake/cases/{case_id}/reports"
    person_id = person(node)
    confirmed = {
        "id": new_id(),
        "status": "confirmed",
        "person_id": person_id,
        "occurred_at": "2021-01-12T10:00:00+08:00",
    }
    answer = clinic.post(path, confirmed)
    assert (answer.status_code, answer.json()) == (
        201,
        {"id": confirmed["id"], "case_id": case_id},
    )
    again = clinic.post(path, confirmed)
    assert (again.status_code, again.json()) == (200, answer.json())
    assert clinic.post(path, {"status": "confirmed", "origin": "local"}).status_code == 201
    assert clinic.post(path, {"status": "recovered"}).status_code == 201
    first, second, third, last = events_of(node, case_id)
    assert (first.status, first.confirmed_on, first.person_id) == ("suspected", None, None)
    assert (second.status, second.confirmed_on) == ("confirmed", date(2021, 1, 12))
    assert (third.status, third.origin) == ("confirmed", "local")
    assert (last.status, last.confirmed_on, last.origin) == (
        "recovered",
        date(2021, 1, 12),
        "local",
    )
    for event in (second, third, last):
        assert (event.person_id, event.setting) == (person_id, "household")
        assert event.onset_on == date(2021, 1, 10)
    seen = clinic.get(f"/intake/cases/{case_id}").json()
    assert [one["status"] for one in seen["reports"]] == [
        "suspected",
        "confirmed",
        "confirmed",
        "recovered",
    ]
    refused = clinic.post(path, {"status": "confirmed"})
    assert (refused.status_code, refused.json()["field"]) == (422, "status")
    assert len(events_of(node, case_id)) == 4


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"status": "recovered"}, "status"),
        ({}, "status"),
        ({"status": "confirmed", "occurred_at": "2021-01-10T00:00:00+08:00"}, "occurred_at"),
        ({"status": "confirmed", "confirmed_on": "2021-01-09"}, "confirmed_on"),
        ({"status": "confirmed", "person_id": "00000000-0000-4000-8000-000000000001"}, "person_id"),
        ({"status": "confirmed", "area": AREA}, "area"),
        (
            {"status": "confirmed", "linked_to": ["00000000-0000-4000-8000-000000000001"]},
            "linked_to",
        ),
    ],
)
def test_case_stays_as_it_was_when_a_later_report_is_wrong(
    node: Node, said: dict[str, Any], field: str
) -> None:
    clinic = node.client("health", AREA)
    case_id = reported(clinic, onset_on="2021-01-10", occurred_at="2021-01-11T09:00:00+08:00")
    path = f"/intake/cases/{case_id}"
    before = clinic.get(path).json()
    answer = clinic.post(f"{path}/reports", said)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert clinic.get(path).json() == before
    missing = clinic.post(f"/intake/cases/{new_id()}/reports", {"status": "confirmed"})
    assert (missing.status_code, missing.json()["field"]) == (404, "case_id")


def test_person_of_a_case_cannot_be_exchanged_or_erased(node: Node) -> None:
    clinic = node.client("health", AREA)
    one, other = person(node), person(node)
    case_id = reported(clinic, person_id=one)
    answer = clinic.post(
        f"/intake/cases/{case_id}/reports", {"status": "confirmed", "person_id": other}
    )
    assert (answer.status_code, answer.json()["field"]) == (422, "person_id")
    erased = node.client("command").post(f"/intake/people/{other}/erase", {"reason": "期满"})
    assert erased.status_code == 200
    refused = clinic.post("/intake/cases", body(person_id=other))
    assert (refused.status_code, refused.json()["field"]) == (422, "person_id")


@pytest.mark.requirement("I9")
def test_links_are_seen_from_both_sides_when_one_case_names_another(node: Node) -> None:
    clinic = node.client("health", "220581002")
    first = reported(clinic, status="confirmed")
    second = reported(clinic, status="confirmed", area=NEXT_AREA, linked_to=[first, first])
    third = reported(clinic, linked_to=[first.upper(), second])

    def linked(case_id: str) -> set[str]:
        return set(clinic.get(f"/intake/cases/{case_id}").json()["linked_to"])

    assert events_of(node, second)[0].linked_to == (first,)
    assert linked(first) == {second, third}
    assert linked(second) == {first, third}
    assert linked(third) == {first, second}
    listed = clinic.get("/intake/cases", area=NEXT_AREA).json()["items"]
    assert [set(one["linked_to"]) for one in listed if one["id"] == second] == [{first, third}]
    itself = new_id()
    refused = clinic.post("/intake/cases", body(id=itself, linked_to=[itself]))
    assert (refused.status_code, refused.json()["field"]) == (422, "linked_to")
    path = f"/intake/cases/{third}/reports"
    assert clinic.post(path, {"status": "cleared"}).status_code == 201
    assert set(events_of(node, third)[-1].linked_to) == {first, second}
    assert clinic.post(path, {"status": "cleared", "linked_to": []}).status_code == 201
    assert linked(third) == set()
    assert linked(first) == {second}


def test_list_is_filtered_and_paged_newest_first_when_cases_are_asked_for(node: Node) -> None:
    area = "220581002003"
    clinic = node.client("health", area)
    start = node.now() - timedelta(days=3)
    ids = [
        reported(
            clinic,
            area=area,
            status=status,
            occurred_at=(start + timedelta(hours=hours)).isoformat(),
        )
        for hours, status in enumerate(("confirmed", "suspected", "confirmed"))
    ]

    def listed(**params: Any) -> list[str]:
        answer = clinic.get("/intake/cases", **params)
        assert answer.status_code == 200, answer.text
        return [item["id"] for item in answer.json()["items"]]

    assert listed() == ids[::-1]
    assert listed(area=area, status="confirmed") == [ids[2], ids[0]]
    assert listed(status="died") == []
    page = clinic.get("/intake/cases", limit=2).json()
    assert [item["id"] for item in page["items"]] == [ids[2], ids[1]]
    assert listed(limit=2, cursor=page["next"]) == [ids[0]]
    assert clinic.get("/intake/cases", area=AREA).status_code == 403
    assert clinic.get("/intake/cases", status="ill").json()["field"] == "status"
