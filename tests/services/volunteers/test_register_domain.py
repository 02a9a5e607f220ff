"""What is known of registered people, and since when. I4."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from services.volunteers.register.domain import NONE_RECORDED, registered
from shared.clock.clock import CST
from shared.events.intake.people import PersonRegistered, PersonUpdated
from shared.events.vocabulary import Category, Need

PERSON = str(uuid4())
FIRST = datetime(2021, 1, 18, 8, tzinfo=CST)
LATER = FIRST + timedelta(days=1)
HERE, NEXT_DOOR = "220581001001", "220581001002"


def person(at: datetime, area: str = HERE, *needs: Need) -> PersonRegistered:
    return PersonRegistered(
        area=area, occurred_at=at, person_id=PERSON, categories=("disabled",), needs=needs
    )


def updated(
    at: datetime, area: str = HERE, categories: tuple[Category, ...] = ("disabled",), *needs: Need
) -> PersonUpdated:
    return PersonUpdated(
        area=area, occurred_at=at, person_id=PERSON, categories=categories, needs=needs
    )


@pytest.mark.requirement("D8")
def test_what_stays_keeps_its_instant_when_a_person_is_updated() -> None:
    before = registered(None, person(FIRST, HERE, "food"))
    after = registered(before, updated(LATER, HERE, ("disabled", "pregnant"), "food", "medicine"))
    assert after.since == FIRST
    assert after.categories == {"disabled": FIRST, "pregnant": LATER}
    assert after.needs == {"food": FIRST, "medicine": LATER}


def test_none_recorded_stands_for_needs_when_nobody_wrote_one_down() -> None:
    before = registered(None, person(FIRST))
    assert before.needs == {NONE_RECORDED: FIRST}
    after = registered(before, updated(LATER, HERE, ("disabled",), "food"))
    assert after.needs == {"food": LATER}


def test_person_is_there_since_the_move_when_the_community_changes() -> None:
    before = registered(None, person(FIRST, HERE, "food"))
    assert registered(before, updated(LATER, HERE + "001")).since == FIRST
    moved = registered(before, updated(LATER, NEXT_DOOR, ("disabled",), "food"))
    assert (moved.since, moved.needs["food"], moved.community) == (LATER, FIRST, NEXT_DOOR)


@pytest.mark.requirement("D8")
@pytest.mark.parametrize(
    ("categories", "needs", "since"),
    [
        ((), (), FIRST),
        (("disabled",), (), FIRST),
        (("disabled",), ("medicine",), LATER),
        (("disabled", "pregnant"), ("food", "medicine"), FIRST),
        (("pregnant",), (), None),
        ((), ("care",), None),
        (("disabled",), ("care",), None),
        ((), (NONE_RECORDED,), None),
    ],
)
def test_concern_begins_when_category_and_need_both_stand(
    categories: tuple[str, ...], needs: tuple[str, ...], since: datetime | None
) -> None:
    someone = registered(None, person(FIRST, HERE, "food"))
    someone = registered(someone, updated(LATER, HERE, ("disabled",), "food", "medicine"))
    assert someone.concerned_since(categories, needs) == since
