"""Matching of requests and helpers (精准对接供给侧和需求侧). V2 [VOL21].

By skill, nearness, language and load, with the weights of the pack; only who may serve and has
room is given anything, and nobody their own request.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from shared.areas.tree import Level
from shared.events.values import RequestKind, Skill
from shared.policy.pack import Matching

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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
    # Imported here: most processes never match anything, and scipy is heavy.
    from scipy.optimize import linear_sum_assignment

    worths = _worths(needs, places, weights, now)
    rows, columns = linear_sum_assignment(worths, maximize=True)
    return [
        (needs[row].request_id, places[column][0].helper_id, float(worths[row, column]))
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
        # What never fits is worth nothing, and every fit more.
        if worths[row, column] > 0
    ]


def _worths(
    needs: Sequence[Need], places: Sequence[Place], weights: Matching, now: datetime
) -> "NDArray[np.float64]":
    """`score` of every request in every place, 0 for never; one row a request."""
    import numpy as np

    helpers = [helper for helper, _ in places]
    areas, area_of = np.unique([helper.area for helper in helpers], return_inverse=True)
    room = weights.load * np.array([_room(helper, in_hand) for helper, in_hand in places])
    owners = np.array([helper.person_id or "" for helper in helpers])
    # Requests come in few kinds from few areas: each is looked at once, not once a request.
    fits: dict[tuple[str, bool], NDArray[np.float64]] = {}
    nears: dict[str, NDArray[np.float64]] = {}
    worths = np.zeros((len(needs), len(places)))
    for row, need in enumerate(needs):
        asked = (need.kind, need.language)
        if asked not in fits:
            fits[asked] = np.array([_fit(*asked, helper) for helper in helpers])
        if need.area not in nears:
            near_by_area = np.array([nearness(need.area, area) for area in areas.tolist()])
            nears[need.area] = near_by_area[area_of]
        fit, near = fits[asked], nears[need.area]
        worth = weights.skill * fit + weights.area * near + room + _urgency(need, now)
        possible = (fit > 0) & (near > 0)
        if need.person_id is not None:
            possible &= owners != need.person_id
        worths[row] = np.where(possible, worth, 0.0)
    return worths


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
