"""Service plans and the requests they make, through the bus. D8."""

import pytest

from shared.events.base import id_from
from shared.events.intake.people import PersonErased
from shared.events.volunteers.requests import AssistanceCancelled, AssistanceRequested
from tests.services.volunteers.world import helper, listed, person, plan, request, standing, tell
from tests.support.harness import Node, new_id

AREA, SECOND, THIRD = "220581001001", "220581001002", "220581001003"
FOURTH, FIFTH, SIXTH = "220581001004", "220581002001", "220581002002"
FOOD = ("goods", "food", 24.0)
MEDICINE = ("medicine", "medicine", 12.0)


@pytest.mark.requirement("D8")
def test_requests_appear_and_are_matched_when_a_plan_changes(county: Node) -> None:
    coordinator = county.client("coordinator")
    helper_id = helper(coordinator, AREA, "goods", "medicine")
    concerned, other = person(county, AREA, "food", "medicine"), person(county, AREA, "company")
    elsewhere = person(county, SECOND, "food")
    event_id = plan(county, AREA, "strengthened", daily_goods=FOOD, medicine_delivery=MEDICINE)
    county.tick()
    found = listed(coordinator, "requests", area=AREA)
    wanted = {id_from(event_id, f"{concerned}:{kind}"): kind for kind in ("goods", "medicine")}
    assert {each["id"]: each["kind"] for each in found} == wanted
    assert {(each["status"], each["helper_id"]) for each in found} == {("matched", helper_id)}
    assert all(each["made_by_plan"] for each in found)
    assert not [each for each in found if each["person_id"] in (other, elsewhere)]
    assert listed(coordinator, "requests", area=SECOND) == []
    request_id = next(iter(wanted))
    why = coordinator.get(f"/volunteers/why/{request_id}").json()
    assert [step["type"].rsplit(".", 1)[1] for step in why["chain"]] == [
        "risk_level_changed",
        "service_plan_changed",
        "assistance_requested",
        "assistance_matched",
    ]
    assert why["chain"][1]["policy"].startswith("2021-01#services.strengthened.")


@pytest.mark.requirement("D8")
def test_request_appears_when_someone_is_registered_under_a_plan(county: Node) -> None:
    coordinator = county.client("coordinator")
    event_id = plan(county, THIRD, "strengthened", daily_goods=FOOD, medicine_delivery=MEDICINE)
    person_id = person(county, THIRD, "food")
    goods = id_from(event_id, f"{person_id}:goods")
    assert [each["id"] for each in listed(coordinator, "requests", area=THIRD)] == [goods]
    person(county, THIRD, "food", "medicine", person_id=person_id, updated=True)
    found = listed(coordinator, "requests", area=THIRD, status="open")
    assert {each["kind"] for each in found} == {"goods", "medicine"}
    person(county, THIRD, "medicine", person_id=person_id, updated=True)
    assert standing(coordinator, goods)["reason"] == "no_longer_concerned"
    assert len(listed(coordinator, "requests", area=THIRD, status="open")) == 1


@pytest.mark.requirement("D8")
def test_plan_takes_back_only_its_own_open_requests_when_it_ends(county: Node) -> None:
    coordinator = county.client("coordinator")
    person_id = person(county, FOURTH, "food", "medicine")
    by_hand = helper(coordinator, FOURTH, "child_care")
    own = request(coordinator, FOURTH, "goods", person_id=person_id)
    first = plan(county, FOURTH, "strengthened", daily_goods=FOOD, medicine_delivery=MEDICINE)
    goods, medicine = (id_from(first, f"{person_id}:{kind}") for kind in ("goods", "medicine"))
    coordinator.post(f"/volunteers/requests/{medicine}/match", {"helper_id": by_hand})
    plan(county, FOURTH, "emergency", daily_goods=("goods", "food", 12), medicine_delivery=MEDICINE)
    made = [each for each in listed(coordinator, "requests", area=FOURTH) if each["made_by_plan"]]
    assert {each["id"] for each in made} == {goods, medicine}
    last = plan(county, FOURTH, "everyday")
    cancelled = standing(coordinator, goods)
    assert (cancelled["status"], cancelled["reason"]) == ("cancelled", "plan_ended")
    assert standing(coordinator, medicine)["status"] == "matched"
    assert standing(coordinator, own)["status"] == "open"
    [event] = [
        each
        for each in county.logged("volunteers", AssistanceCancelled)
        if each.data.request_id == goods
    ]
    assert event.data.because[-1].id == last


@pytest.mark.requirement("D8")
def test_words_and_requests_go_when_a_person_is_erased(county: Node) -> None:
    coordinator, person_id = county.client("coordinator"), person(county, FIFTH, "food")
    said = request(coordinator, FIFTH, "child_care", person_id=person_id, text="李老师家")
    plan(county, FIFTH, "strengthened", daily_goods=FOOD)
    assert standing(coordinator, said)["text"] == "李老师家"
    tell(
        county,
        "intake",
        PersonErased(area=FIFTH, occurred_at=county.now(), person_id=person_id),
    )
    assert standing(coordinator, said)["text"] is None
    still = listed(coordinator, "requests", area=FIFTH, status="open")
    assert [each["id"] for each in still] == [said]
    again = person(county, FIFTH, "food", person_id=person_id, updated=True)
    assert len(listed(coordinator, "requests", area=FIFTH, status="open")) == 1
    assert again == person_id


def test_one_event_tells_each_request_when_many_are_concerned(county: Node) -> None:
    area = SIXTH
    people = {person(county, area, "food") for _ in range(5)}
    plan(county, area, "strengthened", daily_goods=FOOD)
    told = [
        each
        for each in county.logged("volunteers", AssistanceRequested)
        if each.data.area == area and each.data.because
    ]
    assert {each.data.person_id for each in told} == people
    assert len(told) == 5
    assert county.dead("volunteers") == []
    assert county.client("coordinator").get(f"/volunteers/why/{new_id()}").status_code == 404
