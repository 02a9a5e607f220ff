"""Venues through HTTP and the real bus: by the plan, by hand, and who yields. D6 [MCA9, PREC21]."""

from typing import Any

import pytest

from tests.services.alerts.gatherings import (
    about,
    causes,
    listed,
    names,
    now,
    order,
    problem,
    venue,
)
from tests.support.harness import Node, new_id

COMMUNITIES = [f"220581001{number}" for number in ("001", "002", "003", "004", "200", "201")]
LIMIT = "2021-01#measures.medium.venue_limit"


def change_manually(node: Node, role: str, thing: dict[str, Any], **request: Any) -> Any:
    return node.client(role).patch(f"/alerts/venues/{thing['id']}", request)


@pytest.mark.requirement("D6")
def test_event_tells_measure_and_causes_when_the_level_limits_a_venue(node: Node) -> None:
    area = COMMUNITIES[0]
    library, unsaid = venue(node, area, "library", 61), venue(node, area, "market", None)
    assert (library["status"], about(node, library)) == ("open", [])
    order(node, area, "medium")
    (limited,) = about(node, library)
    assert (limited.data.name, limited.data.limit) == ("venue_limited", 30)
    assert causes(limited.data) == ["risk_level_changed"]
    assert limited.data.because[-1].policy == LIMIT
    shown = now(node, "venues", library)
    assert (shown["status"], shown["limit"], shown["manual"]) == ("limited", 30, False)
    assert shown["measure_id"] == limited.data.measure_id
    assert now(node, "venues", unsaid)["limit"] == 15
    measures = node.client("it").get(f"/alerts/areas/{area}").json()["measures"]
    assert shown["measure_id"] in [measure["id"] for measure in measures]

    order(node, area, "high")
    assert {one["status"] for one in listed(node, "venues", area=area)} == {"closed"}
    order(node, area, "medium")
    order(node, area, "low")
    assert names(about(node, library)) == [
        "venue_limited",
        "venue_closed",
        "venue_limited",
        "venue_opened",
    ]
    ids = [r.id for r in about(node, library)]
    assert len(set(ids)) == 4


@pytest.mark.requirement("P5")
def test_why_has_no_causes_when_nothing_has_happened_to_a_venue(node: Node) -> None:
    area = COMMUNITIES[0]
    library = venue(node, area, "library")
    path = f"/alerts/why/{library['id']}"
    told = node.client("recorder", area).get(path)
    assert told.status_code == 200
    assert told.json() == {"id": library["id"], "chain": [], "history": []}
    assert node.client("recorder", COMMUNITIES[5]).get(path).status_code == 403
    problem(node.client("recorder").get(f"/alerts/why/{new_id()}"), 404, "id")


@pytest.mark.requirement("D6")
def test_new_venue_is_restricted_at_once_when_a_measure_is_in_force(node: Node) -> None:
    area = COMMUNITIES[1]
    order(node, area, "medium")
    care, room = venue(node, area, "day_care"), venue(node, f"{area}", "meeting_room")
    assert (care["status"], room["status"], room["limit"]) == ("closed", "limited", 20)
    assert names(about(node, care)) == ["venue_closed"]
    assert causes(about(node, care)[0].data) == ["risk_level_changed"]
    more = change_manually(node, "lead", room, capacity=10).json()
    assert (more["capacity"], more["limit"]) == (10, 5)
    order(node, area, "low")
    assert {one["status"] for one in listed(node, "venues", area=area)} == {"open"}


@pytest.mark.requirement("D6")
def test_lead_is_refused_and_command_obeyed_when_opening_against_a_measure(node: Node) -> None:
    area = COMMUNITIES[2]
    care, library = venue(node, area, "day_care"), venue(node, area, "library")
    order(node, area, "medium")
    refused = problem(change_manually(node, "lead", care, status="open", reason="x"), 409, "status")
    assert refused["policy"] == LIMIT
    assert refused["measure_id"] == now(node, "venues", care)["measure_id"]
    assert LIMIT in refused["detail"]
    problem(change_manually(node, "lead", library, limit=21), 409, "status")
    assert change_manually(node, "lead", library, limit=8).json()["limit"] == 8

    ordered = change_manually(node, "command", care, status="open", reason="照料隔离人员家属")
    assert (ordered.json()["status"], ordered.json()["manual"]) == ("open", True)
    opened = about(node, care)[-1].data
    assert (opened.name, opened.reason, opened.because) == ("venue_opened", "照料隔离人员家属", ())
    order(node, area, "high")
    assert (now(node, "venues", care)["status"], now(node, "venues", care)["manual"]) == (
        "closed",
        False,
    )
    order(node, area, "low")
    assert now(node, "venues", care)["status"] == "open"
    limited = now(node, "venues", library)
    assert (limited["status"], limited["limit"], limited["manual"]) == ("limited", 8, True)
    assert change_manually(node, "lead", library, status="open").json()["manual"] is False


@pytest.mark.requirement("D6")
def test_plan_never_reopens_what_a_person_closed(node: Node) -> None:
    area = COMMUNITIES[3]
    library = venue(node, area, "library")
    order(node, area, "medium")
    shut = change_manually(node, "lead", library, status="closed", reason="消防检修").json()
    assert (shut["status"], shut["manual"], shut["reason"]) == ("closed", True, "消防检修")
    order(node, area, "low")
    assert now(node, "venues", library)["status"] == "closed"
    assert names(about(node, library)) == ["venue_limited", "venue_closed"]
    told = node.client("lead").get(f"/alerts/why/{library['id']}").json()
    assert "消防检修" in told["chain"][-1]["text"]
    assert (
        change_manually(node, "lead", library, status="open", reason="修好").json()["status"]
        == "open"
    )
    assert names(about(node, library))[-1] == "venue_opened"


def test_lists_are_filtered_by_status_and_kind_when_asked(node: Node) -> None:
    area = COMMUNITIES[4]
    library, market = venue(node, area, "library"), venue(node, area, "market")
    change_manually(node, "lead", market, status="closed")
    assert [one["id"] for one in listed(node, "venues", area=area, kind="library")] == [
        library["id"]
    ]
    assert [one["id"] for one in listed(node, "venues", area=area, status="closed")] == [
        market["id"]
    ]
    page = node.client("it", area).get("/alerts/venues", limit=1).json()
    rest = node.client("it", area).get("/alerts/venues", limit=1, cursor=page["next"]).json()
    assert {page["items"][0]["id"], rest["items"][0]["id"]} == {library["id"], market["id"]}
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "castle"}, "kind"),
        ({"capacity": 0}, "capacity"),
        ({"name": ""}, "name"),
        ({"area": "220581999999"}, "area"),
        ({"open": True}, "open"),
    ],
)
def test_problem_names_the_field_when_a_venue_is_wrong(
    node: Node, changes: dict[str, Any], field: str
) -> None:
    body = {"id": new_id(), "area": COMMUNITIES[5], "kind": "library", "name": "图书室"}
    problem(node.client("lead").post("/alerts/venues", {**body, **changes}), 422, field)


def test_change_by_hand_is_refused_when_it_cannot_be(node: Node) -> None:
    library = venue(node, COMMUNITIES[5], "library", 20)
    problem(change_manually(node, "lead", library), 422, "body")
    problem(change_manually(node, "lead", library, status="limited"), 422, "limit")
    problem(change_manually(node, "lead", library, status="closed", limit=3), 422, "limit")
    problem(change_manually(node, "lead", library, limit=21), 422, "limit")
    problem(change_manually(node, "lead", {"id": new_id()}, status="open"), 404, "venue_id")
    assert change_manually(node, "recorder", library, status="open").status_code == 403
    elsewhere = node.client("lead", COMMUNITIES[0])
    path = f"/alerts/venues/{library['id']}"
    assert elsewhere.patch(path, {"status": "closed"}).status_code == 403
    assert elsewhere.get(path).status_code == 403
    assert node.client("lead").get(f"/alerts/venues/{new_id()}").status_code == 404
    assert change_manually(node, "lead", library, name="农家书屋").json()["name"] == "农家书屋"
    assert about(node, library) == []
