"""The response of a community through HTTP and the real bus: measures start and end. D2, P5, P6."""

from datetime import datetime
from typing import Any

import pytest

from shared.events.alerts.measures import MEASURE_KINDS, MeasureEnded, MeasureStarted
from shared.events.alerts.notices import NoticeIssued
from shared.events.alerts.response import ResponseChanged, ResponseEnded, ResponseStarted
from shared.events.alerts.risk import RiskLevelChanged, SituationChanged
from shared.events.alerts.sanitation import SanitationOrdered
from tests.services.alerts.gatherings import activity, election, venue
from tests.services.alerts.risk_steps import happened, order, report, state
from tests.support.harness import Node, eventually

COMMUNITIES = [f"220581103{number}" for number in range(201, 210)]
MEDIUM = {
    "checkpoint",
    "election_pause",
    "venue_limit",
    "activity_stop",
    "meeting_postponement",
    "service_plan",
    "sanitation",
    "notice",
    "duty_day_and_night",
}
HIGH = MEDIUM - {"venue_limit"} | {"venue_closure"}


def kinds(found: dict[str, Any], status: str) -> set[str]:
    return {measure["kind"] for measure in found["measures"] if measure["status"] == status}


def measure(found: dict[str, Any], kind: str) -> dict[str, Any]:
    (one,) = [one for one in found["measures"] if one["kind"] == kind and one["status"] != "ended"]
    return dict(one)


@pytest.mark.requirement("D2")
def test_measures_of_the_contract_are_active_when_medium_is_ordered(node: Node) -> None:
    area = COMMUNITIES[0]
    ordered = order(node, area, "medium", document="2021年第3号")
    found = state(node, area)
    assert found["measures"] == ordered["measures"]
    assert kinds(found, "active") == MEDIUM
    assert found["service_plan"] == "strengthened"
    (changed,) = happened(node, RiskLevelChanged, area)
    for one in found["measures"]:
        assert one["line"] == f"2021-01#measures.medium.{one['kind']}"
        assert [(cause["id"], cause["policy"]) for cause in one["because"]] == [
            (changed.id, one["line"])
        ]
        assert datetime.fromisoformat(one["since"]) == changed.data.occurred_at
        assert one["area"] == area
    assert measure(found, "checkpoint")["parameters"]["checks"] == [
        "temperature",
        "health_code",
        "registration",
    ]
    assert measure(found, "checkpoint")["always_pass"] == ["ambulance", "fire_engine", "rescue"]


@pytest.mark.requirement("D2")
@pytest.mark.requirement("D9")
@pytest.mark.requirement("D10")
def test_one_event_is_made_for_each_measure_when_medium_is_ordered(node: Node) -> None:
    area = COMMUNITIES[1]
    measures = {one["id"]: one["kind"] for one in order(node, area, "medium")["measures"]}
    (changed,) = happened(node, RiskLevelChanged, area)
    (started,) = happened(node, ResponseStarted, area)
    assert set(started.data.measures) == MEDIUM
    events = [
        recorded
        for recorded in node.logged("alerts")
        if recorded.data.area == area and recorded.sequence > started.sequence
    ]
    assert sorted(recorded.data.measure_id for recorded in events) == sorted(measures)
    for recorded in events:
        (cause,) = recorded.data.because
        assert cause.id == changed.id
        assert cause.policy == f"2021-01#measures.medium.{measures[recorded.data.measure_id]}"
    started_kinds = {recorded.data.kind for recorded in happened(node, MeasureStarted, area)}
    nouns = {"checkpoint", "service_plan", "sanitation", "notice"}
    assert started_kinds == MEDIUM - nouns
    (notice,) = happened(node, NoticeIssued, area)
    assert notice.data.level == "medium"
    assert "中风险" in notice.data.text
    assert "medium-risk" in notice.data.text_en
    (rounds,) = happened(node, SanitationOrdered, area)
    assert rounds.data.times_per_day == 1
    assert rounds.data.due_at > rounds.data.occurred_at
    relay = node.runtime("alerts").relay
    eventually(lambda: relay.published >= events[-1].sequence)


@pytest.mark.requirement("P5")
def test_why_tells_case_order_and_measure_when_a_checkpoint_is_asked_about(node: Node) -> None:
    area = COMMUNITIES[2]
    report(node, area)
    command = node.client("command")
    (proposal,) = [
        item
        for item in command.get("/alerts/proposals", area=area, status="open").json()["items"]
        if item["area"] == area
    ]
    path = f"/alerts/proposals/{proposal['id']}/decision"
    assert command.post(path, {"accept": True, "reason": "同意"}).status_code == 200
    checkpoint = measure(state(node, area), "checkpoint")
    told = node.client("resident", area).get(f"/alerts/why/{checkpoint['id']}").json()
    chain = [step["type"].rsplit(".", 1)[1] for step in told["chain"]]
    assert chain == [
        "case_reported",
        "risk_level_proposed",
        "risk_level_changed",
        "checkpoint_opened",
    ]
    assert told["chain"][2]["policy"] == "2021-01#measures.medium.checkpoint"


@pytest.mark.requirement("D2")
@pytest.mark.requirement("D3")
def test_sealing_is_proposed_and_the_rest_is_stricter_when_high_is_ordered(node: Node) -> None:
    area = COMMUNITIES[3]
    before = order(node, area, "medium")
    after = order(node, area, "high")
    assert kinds(after, "active") == HIGH
    assert kinds(after, "proposed") == {"sealing"}
    assert kinds(after, "ended") >= {"venue_limit"}
    assert after["service_plan"] == "emergency"
    kept = {"checkpoint", "election_pause", "meeting_postponement", "duty_day_and_night"}
    for kind in kept:
        assert measure(after, kind) == measure(before, kind)
    for kind in MEDIUM - kept - {"venue_limit"}:
        assert measure(after, kind)["id"] != measure(before, kind)["id"]
    (changed,) = happened(node, ResponseChanged, area)
    assert (changed.data.previous, changed.data.level) == ("medium", "high")
    (started,) = happened(node, ResponseStarted, area)
    assert changed.data.response_id == started.data.response_id


@pytest.mark.requirement("D2")
def test_everything_ends_when_low_is_ordered(node: Node) -> None:
    area = COMMUNITIES[4]
    started = {one["id"] for one in order(node, area, "high")["measures"]}
    found = order(node, area, "low")
    assert {one["id"] for one in found["measures"]} == started
    assert kinds(found, "ended") == HIGH | {"sealing"}
    assert found["service_plan"] == "everyday"
    (ended,) = happened(node, ResponseEnded, area)
    assert set(ended.data.measures) == HIGH | {"sealing"}
    told = {recorded.data.kind for recorded in happened(node, MeasureEnded, area)}
    assert told == (HIGH | {"sealing"}) - {"checkpoint", "service_plan"}
    for recorded in happened(node, MeasureEnded, area):
        assert recorded.data.because[-1].policy == "2021-01#measures.low"
        assert recorded.data.measure_id in started


def test_no_measure_starts_again_when_the_same_level_is_ordered_again(node: Node) -> None:
    area = COMMUNITIES[5]
    order(node, area, "medium")
    before, head = state(node, area), node.runtime("alerts").writer.head
    order(node, area, "medium", reason="重申")
    assert state(node, area) == before
    (told,) = node.logged("alerts")[head:]
    assert (told.data.name, told.data.previous) == ("risk_level_changed", "medium")


@pytest.mark.requirement("A3")
@pytest.mark.requirement("D2")
def test_measures_follow_the_situation_when_a_community_has_its_first_case(node: Node) -> None:
    area = COMMUNITIES[6]
    report(node, area)
    found = state(node, area)
    assert (found["risk_level"], found["situation"]) == ("low", "cases_or_outbreak")
    assert kinds(found, "active") == {"sanitation", "notice"}
    rounds = measure(found, "sanitation")
    assert rounds["line"] == "2021-01#measures.cases_or_outbreak.sanitation"
    assert [cause["type"] for cause in rounds["because"]] == [
        "bulwark.intake.case_reported",
        "bulwark.alerts.situation_changed",
    ]
    order(node, area, "medium")
    both = state(node, area)
    assert measure(both, "sanitation")["id"] == rounds["id"]
    assert kinds(order(node, area, "low"), "active") == {"sanitation", "notice"}


@pytest.mark.requirement("P6")
def test_preview_says_what_the_order_then_does_when_a_level_is_previewed(node: Node) -> None:
    area = COMMUNITIES[7]
    vote, library = election(node, area), venue(node, area, "library")
    banquet = activity(node, area)
    for level in ("medium", "high", "low"):
        before = state(node, area)
        told = previewed(node, area, level)
        assert state(node, area) == before
        start = node.runtime("alerts").writer.head
        order(node, area, level)
        assert told["measures"] == differences(area, before, state(node, area))
        made = [r.data for r in node.logged("alerts") if r.sequence > start]
        assert followed(told["elections"], "election") == events_of(made, "election")
        assert followed(told["venues"], "venue") == events_of(made, "venue")
        assert followed(told["activities"], "activity") == events_of(made, "activity")
        for kind, counts in told["totals"].items():
            found = [one["change"] for one in told["measures"] if one["kind"] == kind]
            assert counts == {each: found.count(each) for each in ("start", "change", "end")}
        if level == "medium":
            assert [one["id"] for one in told["elections"]] == [vote["id"]]
            assert [one["id"] for one in told["venues"]] == [library["id"]]
            assert [one["id"] for one in told["activities"]] == [banquet["id"]]


def previewed(node: Node, area: str, level: str) -> dict[str, Any]:
    """What a level would do, of which nothing is written."""
    writer = node.runtime("alerts").writer
    head = writer.head
    answer = node.client("lead", area).post(
        f"/alerts/areas/{area}/risk-level/preview", {"level": level}
    )
    assert answer.status_code == 200, answer.text
    assert writer.head == head
    found: dict[str, Any] = answer.json()
    assert (found["area"], found["level"]) == (area, level)
    return found


def differences(area: str, before: dict[str, Any], after: dict[str, Any]) -> list[dict[str, Any]]:
    """The measures that differ between two states of an area, as a preview lists them."""

    def standing(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
        return {one["kind"]: one for one in found["measures"] if one["status"] != "ended"}

    was, now = standing(before), standing(after)
    found = []
    for kind in dict.fromkeys([*was, *now]):
        if was.get(kind, {}).get("id") == now.get(kind, {}).get("id"):
            continue
        one = now.get(kind) or was[kind]
        change = "end" if kind not in now else "change" if kind in was else "start"
        shown = {"parameters": one["parameters"], "line": one["line"]}
        found.append({"area": area, "kind": kind, "change": change, **shown})
    return sorted(found, key=lambda one: MEASURE_KINDS.index(one["kind"]))


def followed(told: list[dict[str, Any]], noun: str) -> set[tuple[str, str]]:
    return {(one["id"], f"{noun}_{one['change']}") for one in told}


def events_of(made: list[Any], noun: str) -> set[tuple[str, str]]:
    return {
        (getattr(event, f"{noun}_id"), event.name)
        for event in made
        if event.name.startswith(f"{noun}_")
    }


@pytest.mark.requirement("P6")
@pytest.mark.parametrize(
    ("role", "code", "body", "status", "field"),
    [
        ("command", COMMUNITIES[8], {"level": "purple"}, 422, "level"),
        ("command", COMMUNITIES[8], {}, 422, "level"),
        ("command", COMMUNITIES[8], {"level": "high", "levl": 1}, 422, "levl"),
        ("command", "220581999999", {"level": "high"}, 422, "code"),
        ("recorder", COMMUNITIES[8], {"level": "high"}, 403, None),
    ],
)
def test_problem_names_the_field_when_a_preview_is_wrong(
    node: Node, role: str, code: str, body: dict[str, Any], status: int, field: str | None
) -> None:
    answer = node.client(role).post(f"/alerts/areas/{code}/risk-level/preview", body)
    assert answer.status_code == status
    assert answer.json().get("field") == field


def test_preview_is_refused_when_the_area_is_not_the_callers(node: Node) -> None:
    lead = node.client("lead", "220581001")
    answer = lead.post(f"/alerts/areas/{COMMUNITIES[8]}/risk-level/preview", {"level": "high"})
    assert answer.status_code == 403


@pytest.mark.requirement("D2")
def test_measures_of_the_situation_stand_on_it_alone_when_the_level_is_lifted(node: Node) -> None:
    area = COMMUNITIES[8]
    order(node, area, "medium")
    for _ in range(2):
        report(node, area, origin="unknown")
    (spread,) = [r for r in happened(node, SituationChanged, area) if r.data.situation == "spread"]
    before = measure(state(node, area), "venue_closure")
    order(node, area, "low")
    found = state(node, area)
    active = [one for one in found["measures"] if one["status"] != "ended"]
    assert {one["response_id"] for one in active} == {None}
    assert {one["line"] for one in active} == {
        f"2021-01#measures.spread.{one['kind']}" for one in active
    }
    after = measure(found, "venue_closure")
    assert (after["id"], after["because"]) == (before["id"], before["because"])
    assert after["because"][-1]["id"] == spread.id
