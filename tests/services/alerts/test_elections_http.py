"""Elections through HTTP and the real bus: paused by the level, resumed, overdue. D4 [PREC21]."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.clock.clock import CST, VirtualClock
from shared.events.alerts.elections import ElectionPauseOverdue
from tests.services.alerts.gatherings import (
    about,
    activity,
    causes,
    election,
    listed,
    names,
    now,
    order,
    problem,
    venue,
)
from tests.support.harness import Node, eventually, new_id

TOWNSHIP = "220581101"
COMMUNITIES = [f"220581001{number}" for number in ("001", "002", "003", "004", "200", "201")]
MEDIUM = "2021-01#measures.medium.election_pause"


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


def body(node: Node, **changes: Any) -> dict[str, Any]:
    polling_on = (node.now() + timedelta(days=6)).date().isoformat()
    return {
        "id": new_id(),
        "area": COMMUNITIES[0],
        "name": "换届选举",
        "polling_on": polling_on,
        **changes,
    }


@pytest.mark.requirement("D4")
@pytest.mark.requirement("D6")
@pytest.mark.requirement("D7")
def test_medium_pauses_limits_and_calls_off_when_ordered_and_low_undoes_it(node: Node) -> None:
    area = COMMUNITIES[1]
    vote = election(node, area)
    library, mahjong = venue(node, area, "library"), venue(node, area, "mahjong_room")
    care, closed = venue(node, area, "day_care"), venue(node, area, "activity_room")
    shut = {"status": "closed", "reason": "屋顶漏水"}
    lead = node.client("lead", area)
    assert lead.patch(f"/alerts/venues/{closed['id']}", shut).status_code == 200
    banquet = activity(node, area)

    order(node, area, "medium")
    paused = now(node, "elections", vote)
    assert (paused["status"], paused["polling_on"]) == ("paused", vote["polling_on"])
    assert paused["because"][-1]["policy"] == MEDIUM
    states = {v["kind"]: (v["status"], v["limit"]) for v in listed(node, "venues", area=area)}
    shuttered = dict.fromkeys(["mahjong_room", "day_care", "activity_room"], ("closed", None))
    assert states == {"library": ("limited", 20), **shuttered}
    assert now(node, "activities", banquet)["status"] == "called_off"

    order(node, area, "low")
    assert now(node, "elections", vote)["status"] == "scheduled"
    after = {v["kind"]: (v["status"], v["manual"]) for v in listed(node, "venues", area=area)}
    opened = dict.fromkeys(["library", "mahjong_room", "day_care"], ("open", False))
    assert after == {**opened, "activity_room": ("closed", True)}
    assert now(node, "activities", banquet)["status"] == "called_off"

    assert names(about(node, vote)) == ["election_scheduled", "election_paused", "election_resumed"]
    assert names(about(node, library)) == ["venue_limited", "venue_opened"]
    for one in (mahjong, care):
        assert names(about(node, one)) == ["venue_closed", "venue_opened"]
    assert names(about(node, closed)) == ["venue_closed"]
    assert names(about(node, banquet)) == ["activity_applied", "activity_called_off"]


@pytest.mark.requirement("P5")
def test_why_tells_the_chain_first_cause_first_when_an_election_is_paused(node: Node) -> None:
    area = COMMUNITIES[2]
    case = {"id": new_id(), "area": area, "status": "confirmed", "origin": "local"}
    assert node.client("health").post("/intake/cases", case).status_code == 201
    node.settle()
    command = node.client("command")
    proposal = eventually(lambda: command.get("/alerts/proposals", area=area).json()["items"])[0]
    vote = election(node, area)
    accepted = command.post(
        f"/alerts/proposals/{proposal['id']}/decision", {"accept": True, "reason": "同意"}
    )
    assert accepted.status_code == 200, accepted.text
    (_, paused) = about(node, vote)
    told = command.get(f"/alerts/why/{vote['id']}").json()
    chain = [entry["type"].rsplit(".", 1)[1] for entry in told["chain"]]
    assert chain[0] == "case_reported"
    assert chain[-2:] == ["risk_level_changed", "election_paused"]
    assert chain == [*causes(paused.data), "election_paused"]
    assert paused.data.because[-1].policy is not None
    history = [entry["type"].rsplit(".", 1)[1] for entry in told["history"]]
    assert history == ["election_scheduled", "election_paused"]


@pytest.mark.requirement("D4")
def test_election_is_paused_at_once_when_scheduled_where_a_pause_is_in_force(node: Node) -> None:
    area = COMMUNITIES[3]
    order(node, area, "high")
    vote = election(node, area)
    assert vote["status"] == "paused"
    scheduled, paused = about(node, vote)
    assert names([scheduled, paused]) == ["election_scheduled", "election_paused"]
    assert causes(paused.data)[-2:] == ["risk_level_changed", "election_scheduled"]
    assert paused.data.measure_id == vote["measure_id"]
    assert vote["pause_limit_on"] == (node.now() + timedelta(days=92)).date().isoformat()

    path = f"/alerts/elections/{vote['id']}"
    later_day = (node.now() + timedelta(days=60)).date().isoformat()
    committee = node.client("election", area)
    held = committee.patch(path, {"status": "held"})
    assert "暂停" in problem(held, 409, "status")["detail"]
    moved = committee.patch(path, {"polling_on": later_day, "reason": "推迟"})
    assert (moved.status_code, moved.json()["status"]) == (200, "paused")
    order(node, area, "low")
    resumed = now(node, "elections", vote)
    assert (resumed["status"], resumed["polling_on"]) == ("scheduled", later_day)
    ids = [r.id for r in about(node, vote)]
    assert len(ids) == len(set(ids)) == 5


@pytest.mark.requirement("D4")
def test_townships_election_follows_the_townships_own_level_when_ordered(node: Node) -> None:
    of_township = election(node, TOWNSHIP)
    community = node.instance.site.areas.communities(TOWNSHIP)[0]
    order(node, community, "medium")
    assert now(node, "elections", of_township)["status"] == "scheduled"
    order(node, TOWNSHIP, "medium")
    assert now(node, "elections", of_township)["status"] == "paused"
    in_community = election(node, community)
    assert in_community["status"] == "paused"
    order(node, TOWNSHIP, "low")
    assert now(node, "elections", of_township)["status"] == "scheduled"
    assert now(node, "elections", in_community)["status"] == "paused"
    order(node, community, "low")
    assert now(node, "elections", in_community)["status"] == "scheduled"


def test_lists_are_filtered_and_paged_when_asked(node: Node) -> None:
    area = COMMUNITIES[4]
    first, second, third = (election(node, area, days) for days in (9, 7, 8))
    reader = node.client("it", area)
    page = reader.get("/alerts/elections", area=area, limit=2).json()
    assert [one["id"] for one in page["items"]] == [second["id"], third["id"]]
    rest = reader.get("/alerts/elections", area=area, limit=2, cursor=page["next"]).json()
    assert ([one["id"] for one in rest["items"]], rest["next"]) == ([first["id"]], None)
    assert reader.get("/alerts/elections").json()["items"] == [*page["items"], *rest["items"]]
    paused = reader.get("/alerts/elections", area=area, status="paused")
    assert paused.json() == {"items": [], "next": None}
    problem(reader.get("/alerts/elections", cursor="?"), 422, "cursor")
    problem(reader.get("/alerts/elections", status="gone"), 422, "status")
    problem(reader.get("/alerts/elections", area=COMMUNITIES[0]), 403, "area")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"polling_on": "2021-01-01"}, "polling_on"),
        ({"polling_on": "soon"}, "polling_on"),
        ({"polling_on": 1790000000}, "polling_on"),
        ({"polling_on": "9999-12-31"}, "polling_on"),
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"area": "220581999999"}, "area"),
        ({"pollingon": "2021-01-01"}, "pollingon"),
    ],
)
def test_problem_names_the_field_when_an_election_is_wrong(
    node: Node, changes: dict[str, Any], field: str
) -> None:
    before = node.runtime("alerts").writer.head
    answer = node.client("election").post("/alerts/elections", body(node, **changes))
    problem(answer, 422, field)
    assert node.runtime("alerts").writer.head == before


def test_change_is_refused_when_it_cannot_be(node: Node) -> None:
    wanted = body(node)
    committee = node.client("election")
    made = committee.post("/alerts/elections", wanted)
    assert made.status_code == 201
    again = committee.post("/alerts/elections", wanted)
    assert (again.status_code, again.json()) == (200, made.json())
    path = f"/alerts/elections/{wanted['id']}"
    problem(committee.patch(path, {"polling_on": "2021-01-01"}), 422, "polling_on")
    problem(committee.patch(path, {"polling_on": "9999-12-31"}), 422, "polling_on")
    problem(committee.patch(path, {"status": "paused"}), 422, "status")
    problem(committee.patch(path, {}), 422, "body")
    both = {"status": "held", "polling_on": wanted["polling_on"]}
    problem(committee.patch(path, both), 422, "polling_on")
    problem(committee.patch(path, {"status": "held"}), 409, "status")
    problem(committee.patch(f"/alerts/elections/{new_id()}", {"name": "x"}), 404, "election_id")
    assert committee.get(f"/alerts/elections/{new_id()}").status_code == 404
    elsewhere = node.client("election", COMMUNITIES[1])
    assert elsewhere.patch(path, {"name": "x"}).status_code == 403
    assert elsewhere.get(path).status_code == 403
    assert node.client("recorder").patch(path, {"name": "x"}).status_code == 403
    assert node.client("resident").post("/alerts/elections", body(node)).status_code == 403
    assert node.anyone.get(path).status_code == 401
    assert committee.patch(path, {"name": "村委会换届"}).json()["name"] == "村委会换届"


@pytest.mark.requirement("D4")
def test_election_awaits_a_date_when_its_day_went_by_in_the_pause(later: Node) -> None:
    area = COMMUNITIES[0]
    vote = election(later, area, 3)
    order(later, area, "medium")
    step(later, later.now() + timedelta(days=9))
    order(later, area, "low")
    assert now(later, "elections", vote)["status"] == "awaiting_date"
    assert about(later, vote)[-1].data.polling_on is None
    path = f"/alerts/elections/{vote['id']}"
    committee = later.client("election", area)
    problem(committee.patch(path, {"status": "held"}), 409, "status")
    day = (later.now() + timedelta(days=20)).date()
    set_anew = committee.patch(path, {"polling_on": day.isoformat(), "reason": "降为低风险"})
    assert set_anew.json()["status"] == "scheduled"
    step(later, later.now() + timedelta(days=20))
    assert committee.patch(path, {"status": "held"}).json()["status"] == "held"
    problem(committee.patch(path, {"polling_on": "2031-01-01"}), 409, "status")
    order(later, area, "medium")
    assert now(later, "elections", vote)["status"] == "held"
    assert names(about(later, vote))[-3:] == [
        "election_resumed",
        "election_scheduled",
        "election_held",
    ]


@pytest.mark.requirement("D4")
def test_decision_is_due_when_a_pause_passes_the_provinces_limit(later: Node) -> None:
    area, other = COMMUNITIES[1], COMMUNITIES[2]
    vote, resumed = election(later, area, 30), election(later, other, 200)
    began = later.now()
    for place in (area, other):
        order(later, place, "medium")
    order(later, other, "low")
    step(later, began + timedelta(days=92) - timedelta(minutes=1))
    assert now(later, "elections", vote)["decision_due"] is False
    step(later, began + timedelta(days=92))
    overdue = now(later, "elections", vote)
    assert (overdue["decision_due"], overdue["status"]) == (True, "paused")
    (event,) = [
        r.data
        for r in later.logged("alerts", ElectionPauseOverdue)
        if r.data.election_id == vote["id"]
    ]
    assert event.limit_on.isoformat() == overdue["pause_limit_on"]
    assert causes(event)[-2:] == ["risk_level_changed", "election_paused"]
    assert event.because[-1].policy == "2021-01#elections.pause_limit_days.default"
    assert "election_pause_overdue" not in names(about(later, resumed))

    day = (later.now() + timedelta(days=30)).date().isoformat()
    committee = later.client("election", area)
    decided = committee.patch(f"/alerts/elections/{vote['id']}", {"polling_on": day})
    assert (decided.json()["status"], decided.json()["decision_due"]) == ("paused", False)
    order(later, area, "low")
    assert now(later, "elections", vote)["status"] == "scheduled"
