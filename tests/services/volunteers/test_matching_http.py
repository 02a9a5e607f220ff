"""Matching through HTTP and by itself. V2."""

import pytest

from shared.events.volunteers.requests import AssistanceMatched
from tests.services.volunteers.world import fever, helper, listed, person, request, standing, tell
from tests.support.harness import Node, new_id

AREA, OTHER, FAR = "220581001001", "220581001002", "220581002001"


@pytest.mark.requirement("V2")
def test_best_helpers_are_given_what_is_open_when_nobody_does_it_by_hand(county: Node) -> None:
    coordinator = county.client("coordinator")
    far = helper(coordinator, FAR, "medicine")
    near = helper(coordinator, AREA, "medicine", capacity=1)
    first = request(county.client("resident", AREA), AREA, "medicine")
    county.tick()
    found = standing(coordinator, first)
    assert (found["status"], found["helper_id"]) == ("matched", near)
    second = request(county.client("resident", AREA), AREA, "medicine")
    county.tick()
    assert standing(coordinator, second)["helper_id"] == far
    matched = [
        each
        for each in county.logged("volunteers", AssistanceMatched)
        if each.data.helper_id == near
    ]
    assert [cause.type for cause in matched[0].data.because] == [
        "bulwark.volunteers.assistance_requested"
    ]
    assert matched[0].data.because[-1].policy == "2021-01#requests.matching"


@pytest.mark.requirement("V2")
def test_open_request_is_tried_again_when_a_helper_comes_or_has_done(county: Node) -> None:
    coordinator = county.client("coordinator")
    first, second = (request(coordinator, AREA, "child_care") for _ in range(2))
    county.tick()
    assert {standing(coordinator, each)["status"] for each in (first, second)} == {"open"}
    helper_id = helper(coordinator, AREA, "child_care", capacity=1)
    county.tick()
    by_status = {standing(coordinator, each)["status"]: each for each in (first, second)}
    assert set(by_status) == {"matched", "open"}
    coordinator.post(f"/volunteers/requests/{by_status['matched']}/start")
    coordinator.post(f"/volunteers/requests/{by_status['matched']}/complete")
    county.tick()
    found = standing(coordinator, by_status["open"])
    assert (found["status"], found["helper_id"]) == ("matched", helper_id)


@pytest.mark.requirement("V2")
@pytest.mark.requirement("V3")
def test_task_goes_to_someone_else_when_its_helper_has_a_fever(county: Node) -> None:
    coordinator, person_id = county.client("coordinator"), new_id()
    feverish = helper(coordinator, AREA, "elder_care", person_id=person_id)
    begun, waiting = (request(coordinator, AREA, "elder_care") for _ in range(2))
    county.tick()
    coordinator.post(f"/volunteers/requests/{begun}/start")
    other = helper(coordinator, FAR, "elder_care")
    tell(county, "alerts", fever(county, AREA, person_id))
    county.tick()
    for each in (begun, waiting):
        found = standing(coordinator, each)
        assert (found["status"], found["helper_id"]) == ("matched", other)
        assert found["started_at"] is None
    matched = [
        each
        for each in county.logged("volunteers", AssistanceMatched)
        if each.data.request_id == waiting
    ]
    assert [each.data.helper_id for each in matched] == [feverish, other]
    assert [cause.type.rsplit(".", 1)[1] for cause in matched[1].data.because] == [
        "assistance_requested",
        "assistance_matched",
        "helper_stood_down",
    ]


@pytest.mark.requirement("V3")
def test_helper_finishes_what_was_begun_when_they_only_rest(county: Node) -> None:
    coordinator = county.client("coordinator")
    helper_id = helper(coordinator, AREA, "elder_care")
    begun, waiting = (request(coordinator, AREA, "elder_care") for _ in range(2))
    county.tick()
    coordinator.post(f"/volunteers/requests/{begun}/start")
    away = {"status": "away", "reason": "rest"}
    coordinator.patch(f"/volunteers/helpers/{helper_id}", away)
    assert standing(coordinator, waiting)["status"] == "open"
    own = county.client("helper", AREA, name=helper_id)
    done = own.post(f"/volunteers/requests/{begun}/complete")
    assert (done.status_code, done.json()["status"]) == (200, "completed")


@pytest.mark.requirement("V2")
def test_coordinator_s_hand_stands_above_the_matching_when_they_choose(county: Node) -> None:
    coordinator = county.client("coordinator", "220581001")
    request_id = request(coordinator, AREA, "goods")
    path = f"/volunteers/requests/{request_id}/match"
    nobody = coordinator.post(path)
    assert (nobody.status_code, nobody.json()["field"]) == (409, "helper_id")
    first, second = helper(coordinator, AREA, "goods"), helper(coordinator, OTHER, "child_care")
    best = coordinator.post(path)
    assert (best.status_code, best.json()["helper_id"]) == (200, first)
    assert coordinator.post(path).json()["helper_id"] == first
    by_hand = coordinator.post(path, {"helper_id": second})
    assert (by_hand.status_code, by_hand.json()["helper_id"]) == (200, second)
    assert coordinator.post(path, {"helper_id": first}).json()["helper_id"] == first
    ids = [
        each.id
        for each in county.logged("volunteers", AssistanceMatched)
        if each.data.request_id == request_id
    ]
    assert len(set(ids)) == len(ids) == 3
    assert county.client("coordinator", FAR).post(path, {"helper_id": second}).status_code == 403
    assert county.client("recorder", AREA).post(path).status_code == 403


@pytest.mark.requirement("V2")
def test_409_or_422_when_the_chosen_helper_cannot_take_it(county: Node) -> None:
    coordinator, person_id = county.client("coordinator"), new_id()
    own = helper(coordinator, AREA, "first_aid", person_id=person_id)
    full = helper(coordinator, AREA, "first_aid", capacity=1)
    away = helper(coordinator, AREA, "first_aid")
    coordinator.patch(f"/volunteers/helpers/{away}", {"status": "away"})
    other = request(coordinator, AREA, "child_care")
    coordinator.post(f"/volunteers/requests/{other}/match", {"helper_id": full})
    request_id = request(coordinator, AREA, "child_care", person_id=person_id)
    for helper_id, status in ((own, 409), (full, 409), (away, 409), (new_id(), 422)):
        answer = coordinator.post(
            f"/volunteers/requests/{request_id}/match", {"helper_id": helper_id}
        )
        assert (answer.status_code, answer.json()["field"]) == (status, "helper_id")
    assert standing(coordinator, request_id)["status"] == "open"


@pytest.mark.requirement("V2")
def test_helper_beyond_the_county_is_not_told_from_none_when_chosen_by_hand(county: Node) -> None:
    coordinator = county.client("coordinator")
    # The shipped tree has one county: what lies beyond it is the city.
    stranger = helper(county.client("coordinator", "22"), "2205", "goods")
    request_id = request(coordinator, AREA, "goods")
    path = f"/volunteers/requests/{request_id}/match"
    county.client("coordinator", "22").patch(f"/volunteers/helpers/{stranger}", {"status": "away"})
    answers = [coordinator.post(path, {"helper_id": each}) for each in (stranger, new_id())]
    assert [each.status_code for each in answers] == [422, 422]
    assert answers[0].json() == answers[1].json()


@pytest.mark.requirement("V2")
def test_speaker_is_chosen_when_the_person_needs_their_language(county: Node) -> None:
    coordinator = county.client("coordinator")
    helper(coordinator, AREA, "child_care")
    speaker = helper(coordinator, AREA, "child_care", languages=["朝鲜语"])
    person_id = person(county, AREA, "language")
    request_id = request(coordinator, AREA, "child_care", person_id=person_id)
    county.tick()
    assert standing(coordinator, request_id)["helper_id"] == speaker


@pytest.mark.requirement("V2")
def test_all_that_room_is_for_is_matched_when_more_is_open_than_one_run_takes(
    county: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.volunteers.matching.handlers.AT_ONCE", 2)
    coordinator = county.client("coordinator")
    made = [request(coordinator, AREA, "farm_work") for _ in range(7)]
    for _ in range(2):
        helper(coordinator, AREA, "farm_work", capacity=3)
    county.tick()
    found = [standing(coordinator, each) for each in made]
    assert sorted(each["status"] for each in found) == ["matched"] * 6 + ["open"]
    per_helper = [each["helper_id"] for each in found if each["helper_id"]]
    assert {per_helper.count(each) for each in per_helper} == {3}
    assert len(listed(coordinator, "requests", status="open", kind="farm_work")) == 1
