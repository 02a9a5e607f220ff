"""Who is given what. V2."""

from datetime import datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.volunteers.matching.domain import (
    Need,
    Volunteer,
    assign,
    nearness,
    score,
    skill_fit,
)
from shared.clock.clock import CST
from shared.events.vocabulary import REQUEST_KINDS, RequestKind
from shared.events.volunteers.helpers import SKILLS, Skill
from shared.policy.matching import Matching

NOW = datetime(2021, 1, 18, 8, tzinfo=CST)
WEIGHTS = Matching(skill=5.0, area=3.0, load=1.0)
HERE, NEXT_DOOR, OTHER_TOWN, ELSEWHERE = (
    *("220581001001", "220581001002", "220581002001"),
    "220582001001",
)
PERSONS = ("11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222")


def need(
    name: str = "r1", kind: RequestKind = "medicine", area: str = HERE, **more: object
) -> Need:
    facts = {"due_at": NOW + timedelta(hours=12), **more}
    return Need(name, area, kind, **facts)  # type: ignore[arg-type]


def helper(
    name: str = "h1", *skills: Skill, area: str = HERE, capacity: int = 3, **more: object
) -> Volunteer:
    return Volunteer(name, area, frozenset(skills), capacity, **more)  # type: ignore[arg-type]


@pytest.mark.requirement("V2")
@pytest.mark.parametrize(
    ("kind", "skills", "fit"),
    [
        ("medicine", {"medicine"}, 1.0),
        ("medicine", {"driving"}, 0.75),
        ("medicine", set(), 0.5),
        ("medicine", {"other"}, 0.5),
        ("medicine", {"child_care"}, 0.0),
        ("psychological", {"counselling"}, 1.0),
        ("psychological", {"other"}, 0.0),
        ("child_care", set(), 0.0),
        ("elder_care", {"nursing"}, 0.75),
    ],
)
def test_fit_is_as_the_skills_serve_the_kind_when_looked_at(
    kind: RequestKind, skills: set[Skill], fit: float
) -> None:
    assert skill_fit(kind, frozenset(skills)) == fit


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        (HERE + "001", HERE + "001", 1.0),
        (HERE + "001", HERE + "002", 0.75),
        (HERE, HERE + "001", 0.75),
        (HERE, NEXT_DOOR, 0.5),
        (HERE, "220581001", 0.5),
        (HERE, OTHER_TOWN, 0.25),
        (HERE, "220581", 0.25),
        (HERE, ELSEWHERE, 0.0),
        (HERE, "2205", 0.0),
    ],
)
def test_nearness_is_by_the_narrowest_shared_level_when_areas_differ(
    one: str, other: str, near: float
) -> None:
    assert nearness(one, other) == nearness(other, one) == near


@pytest.mark.requirement("V2")
def test_own_skill_and_own_community_win_when_several_fit() -> None:
    far = helper("far", "medicine", area=OTHER_TOWN)
    near = helper("near", "medicine")
    driver = helper("driver", "driving")
    assert [match[1] for match in assign([need()], [far, driver, near], WEIGHTS, NOW)] == ["near"]


@pytest.mark.requirement("V2")
def test_load_is_shared_when_two_fit_alike() -> None:
    needs = [need("r1"), need("r2")]
    found = assign(needs, [helper("a", "medicine"), helper("b", "medicine")], WEIGHTS, NOW)
    assert {match[1] for match in found} == {"a", "b"}


@pytest.mark.requirement("V2")
def test_speaker_of_a_language_is_taken_when_the_person_needs_one() -> None:
    plain, speaker = (
        helper("plain", "medicine"),
        helper("speaks", "medicine", languages=("朝鲜语",)),
    )
    found = assign([need(language=True)], [plain, speaker], WEIGHTS, NOW)
    assert found[0][1] == "speaks"
    assert assign([need(language=True)], [plain], WEIGHTS, NOW)[0][1] == "plain"


def test_nobody_is_given_their_own_request_when_no_other_is_there() -> None:
    own = need(person_id=PERSONS[0])
    assert assign([own], [helper("h1", "medicine", person_id=PERSONS[0])], WEIGHTS, NOW) == []
    assert assign([own], [helper("h1", "medicine", person_id=PERSONS[1])], WEIGHTS, NOW)


def test_sooner_due_comes_first_when_helpers_are_few() -> None:
    late, soon = need("late"), need("soon", due_at=NOW + timedelta(hours=1))
    found = assign([late, soon], [helper("h1", "medicine", capacity=1)], WEIGHTS, NOW)
    assert [match[0] for match in found] == ["soon"]


def test_nothing_is_given_when_nobody_fits_or_nothing_is_asked() -> None:
    assert assign([need(kind="child_care")], [helper("h1", "medicine")], WEIGHTS, NOW) == []
    assert assign([need(area=ELSEWHERE)], [helper("h1", "medicine")], WEIGHTS, NOW) == []
    assert assign([need()], [], WEIGHTS, NOW) == []
    assert assign([], [helper("h1", "medicine")], WEIGHTS, NOW) == []


areas = st.sampled_from([HERE, HERE + "001", NEXT_DOOR, OTHER_TOWN, ELSEWHERE, "220581"])
persons = st.sampled_from([None, *PERSONS])
needs_lists = st.lists(
    st.builds(
        Need,
        st.uuids().map(str),
        areas,
        st.sampled_from(REQUEST_KINDS),
        st.integers(-5, 100).map(lambda hours: NOW + timedelta(hours=hours)),
        persons,
        st.booleans(),
    ),
    max_size=6,
)


@st.composite
def volunteers(draw: st.DrawFn) -> Volunteer:
    capacity = draw(st.integers(1, 3))
    return Volunteer(
        str(draw(st.uuids())),
        draw(areas),
        draw(st.frozensets(st.sampled_from(SKILLS), max_size=4)),
        capacity,
        draw(st.integers(0, capacity)),
        draw(st.sampled_from([(), ("朝鲜语",)])),
        draw(persons),
        draw(st.booleans()),
    )


weights = st.builds(
    Matching,
    skill=st.floats(0.1, 10),
    area=st.floats(0, 10),
    load=st.floats(0, 10),
)


@pytest.mark.requirement("V2")
@given(needs_lists, st.lists(volunteers(), max_size=5), weights)
def test_matches_hold_every_limit_when_anything_is_assigned(
    needs: list[Need], helpers: list[Volunteer], weighing: Matching
) -> None:
    found = assign(needs, helpers, weighing, NOW)
    by_need = {each.request_id: each for each in needs}
    by_helper = {each.helper_id: each for each in helpers}
    assert len({match[0] for match in found}) == len(found)
    for each in helpers:
        given_now = [match for match in found if match[1] == each.helper_id]
        assert each.in_hand + len(given_now) <= max(each.capacity, each.in_hand)
        assert each.available or not given_now
        # The scores are those of the places filled, the first ones first.
        places = {
            round(worth, 9)
            for place in range(each.in_hand, each.in_hand + len(given_now))
            for match in given_now
            if (worth := score(by_need[match[0]], each, place, weighing, NOW)) is not None
        }
        assert {round(match[2], 9) for match in given_now} <= places
    for request_id, helper_id, _ in found:
        asked, given_to = by_need[request_id], by_helper[helper_id]
        assert asked.person_id is None or asked.person_id != given_to.person_id
        assert skill_fit(asked.kind, given_to.skills) > 0


@pytest.mark.requirement("V2")
@given(
    needs_lists.filter(lambda needs: len(needs) <= 4), st.lists(volunteers(), max_size=4), weights
)
def test_total_is_at_least_that_of_any_greedy_assignment_when_solved(
    needs: list[Need], helpers: list[Volunteer], weighing: Matching
) -> None:
    total = sum(match[2] for match in assign(needs, helpers, weighing, NOW))
    for order in permutations(needs):
        assert total >= _greedy(order, helpers, weighing) - 1e-6


def _greedy(needs: tuple[Need, ...], helpers: list[Volunteer], weighing: Matching) -> float:
    """Each request in turn takes the helper who is worth the most at that moment."""
    in_hand = {each.helper_id: each.in_hand for each in helpers}
    total = 0.0
    for asked in needs:
        worths = [
            (worth, each.helper_id)
            for each in helpers
            if each.available
            and (worth := score(asked, each, in_hand[each.helper_id], weighing, NOW)) is not None
        ]
        if worths:
            worth, taken = max(worths)
            in_hand[taken] += 1
            total += worth
    return total
