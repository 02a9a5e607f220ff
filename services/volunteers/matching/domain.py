"""Matching of requests and helpers (精准对接供给侧和需求侧). V2 [VOL21].

By skill, nearness, language and load, with the weights of the pack; only who may serve and has
room is given anything, and nobody their own request.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.volunteers.matching.assignment import best_columns
from shared.areas.tree import Level
from shared.events.vocabulary import RequestKind
from shared.events.volunteers.helpers import Skill
from shared.policy.matching import Matching

# What each shared level of the tree is worth, of 1: chosen.
NEARNESS: Final = (
    (Level.GRID.digits, 1.0),
    (Level.COMMUNITY.digits, 0.75),
    (Level.TOWNSHIP.digits, 0.5),
    (Level.COUNTY.digits, 0.25),
)
# Skills that serve a kind as well as its own, and those that serve it nearly so: chosen.
EQUAL: Final[Mapping[str, tuple[Skill, ...]]] = {"psychological": ("counselling",)}
RELATED: Final[Mapping[str, tuple[Skill, ...]]] = {
    "goods": ("driving",),
    "medicine": ("driving", "nursing"),
    "elder_care": ("nursing",),
    "errand": ("driving",),
}
# What anybody can do who names no skill, or "other": never the care of those who need trust.
GENERAL_KINDS: Final[tuple[RequestKind, ...]] = (
    *("goods", "medicine", "visit", "errand", "farm_work", "relief", "other"),
)
OWN_SKILL, RELATED_SKILL, GENERAL_SKILL = 1.0, 0.75, 0.5
WITHOUT_LANGUAGE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Need:
    """An open request; `language` when the person needs someone of their own language."""

    request_id: str
    area: str
    kind: RequestKind
    due_at: datetime
    person_id: str | None = None
    language: bool = False


@dataclass(frozen=True, slots=True)
class Volunteer:
    """A helper with so many requests in hand; `available` is false when stood down or away."""

    helper_id: str
    area: str
    skills: frozenset[Skill]
    capacity: int
    in_hand: int = 0
    languages: tuple[str, ...] = ()
    person_id: str | None = None
    available: bool = True


Match = tuple[str, str, float]
"""`(request_id, helper_id, score)`."""

Place = tuple[Volunteer, int]
"""A helper, and how many requests are in hand when this place is filled."""


def skill_fit(kind: RequestKind, skills: frozenset[Skill]) -> float:
    """How well skills serve a kind, from 0 (not at all) to 1 (its own skill)."""
    if kind in skills or not skills.isdisjoint(EQUAL.get(kind, ())):
        return OWN_SKILL
    if not skills.isdisjoint(RELATED.get(kind, ())):
        return RELATED_SKILL
    general = not skills or "other" in skills
    return GENERAL_SKILL if general and kind in GENERAL_KINDS else 0.0


def nearness(one: str, other: str) -> float:
    """How near two areas are, by the narrowest level they share; 0 beyond the county."""
    for digits, worth in NEARNESS:
        if one[:digits] == other[:digits] and len(one) >= digits <= len(other):
            return worth
    return 0.0


def score(
    need: Need, helper: Volunteer, in_hand: int, weights: Matching, now: datetime
) -> float | None:
    """What it is worth that a helper with so many in hand takes a request; None: never.

    What is due sooner is worth up to one more, so that it comes first when helpers are few.
    """
    fit, near = _fit(need.kind, need.language, helper), nearness(need.area, helper.area)
    if in_hand >= helper.capacity or not fit or not near or _own(need, helper):
        return None
    room = _room(helper, in_hand)
    return weights.skill * fit + weights.area * near + weights.load * room + _urgency(need, now)


def assign(
    needs: Sequence[Need], helpers: Sequence[Volunteer], weights: Matching, now: datetime
) -> list[Match]:
    """Who helps whom, so that all matches together are worth the most; some stay without.

    The assignment problem, solved exactly: each helper stands in it once for every request that
    there is room for.
    """
    places = [
        (helper, in_hand)
        for helper in helpers
        if helper.available
        for in_hand in range(helper.in_hand, min(helper.capacity, helper.in_hand + len(needs)))
    ]
    if not needs or not places:
        return []
    worths = _worths(needs, places, weights, now)
    return [
        (need.request_id, places[column][0].helper_id, row[column])
        for need, row, column in zip(needs, worths, best_columns(worths), strict=True)
        # What never fits is worth nothing, and every fit more.
        if column < len(places) and row[column] > 0
    ]


def _worths(
    needs: Sequence[Need], places: Sequence[Place], weights: Matching, now: datetime
) -> list[list[float]]:
    """`score` of every request in every place, 0 for never; one row a request."""
    room = [weights.load * _room(helper, in_hand) for helper, in_hand in places]
    # Requests come in few kinds from few areas: each is looked at once, not once a request.
    alike: dict[tuple[RequestKind, bool, str, str | None], list[float | None]] = {}
    worths = []
    for need in needs:
        asked = (need.kind, need.language, need.area, need.person_id)
        if asked not in alike:
            alike[asked] = _without_urgency(need, places, room, weights)
        urgency = _urgency(need, now)
        worths.append([0.0 if worth is None else worth + urgency for worth in alike[asked]])
    return worths


def _without_urgency(
    need: Need, places: Sequence[Place], room: Sequence[float], weights: Matching
) -> list[float | None]:
    """What a request is worth in every place whenever it is due; None for never."""
    by_helper: dict[str, float | None] = {}
    for helper, _ in places:
        if helper.helper_id not in by_helper:
            fit, near = _fit(need.kind, need.language, helper), nearness(need.area, helper.area)
            possible = fit > 0 and near > 0 and not _own(need, helper)
            worth = weights.skill * fit + weights.area * near
            by_helper[helper.helper_id] = worth if possible else None
    found = (by_helper[helper.helper_id] for helper, _ in places)
    return [
        None if worth is None else worth + free for worth, free in zip(found, room, strict=True)
    ]


def _fit(kind: RequestKind, language: bool, helper: Volunteer) -> float:
    fit = skill_fit(kind, helper.skills)
    return fit * WITHOUT_LANGUAGE if language and not helper.languages else fit


def _room(helper: Volunteer, in_hand: int) -> float:
    return 1 - in_hand / helper.capacity


def _own(need: Need, helper: Volunteer) -> bool:
    return need.person_id is not None and need.person_id == helper.person_id


def _urgency(need: Need, now: datetime) -> float:
    hours_left = max((need.due_at - now).total_seconds() / 3600, 0.0)
    return 1 / (1 + hours_left)
