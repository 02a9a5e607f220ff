"""What residents are told of an area (公开信息): level, situation, rules, notices. D10, V5."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from shared.events.alerts.checkpoints import (
    CheckpointClosed,
    CheckpointOpened,
    SealingImposed,
    SealingLifted,
)
from shared.events.alerts.elections import ElectionHeld, ElectionPaused, ElectionResumed
from shared.events.alerts.measures import MEASURE_KINDS, MeasureEnded, MeasureKind, MeasureStarted
from shared.events.alerts.notices import NoticeIssued
from shared.events.alerts.orders import Order
from shared.events.alerts.risk import RiskLevelChanged, SituationChanged
from shared.events.alerts.sanitation import SanitationOrdered
from shared.events.alerts.service_plans import SERVICE_PLANS, ServicePlanChanged
from shared.events.alerts.venues import VENUE_KINDS, VenueClosed, VenueLimited, VenueOpened
from shared.events.base import Event
from shared.events.vocabulary import LEVELS, SITUATIONS, Level, Situation

Details = Mapping[str, Any]

MOST_NOTICES: Final = 20


class Begun(NamedTuple):
    """A measure began, or is now this; `id` is what it is about, such as a venue.

    It ends with `measure_id` too; a venue or an election has none, and ends by its own event alone.
    """

    id: str
    measure_id: str | None
    kind: MeasureKind
    details: Details


class Ended(NamedTuple):
    """A measure is over, by the id of what it is about or its own."""

    id: str


class _Start(NamedTuple):
    """Which event begins which kind of measure: the field of its id, what residents need of it."""

    id_field: str
    kind: MeasureKind
    details: Mapping[str, str]


_STARTS: Final[dict[type[Event], _Start]] = {
    CheckpointOpened: _Start("measure_id", "checkpoint", {"checks": "checks"}),
    SealingImposed: _Start("measure_id", "sealing", {}),
    ElectionPaused: _Start("election_id", "election_pause", {}),
    VenueClosed: _Start("venue_id", "venue_closure", {"venue": "kind"}),
    VenueLimited: _Start("venue_id", "venue_limit", {"venue": "kind"}),
    SanitationOrdered: _Start("order_id", "sanitation", {"times": "times_per_day"}),
    NoticeIssued: _Start(
        "notice_id", "notice", {name: name for name in ("text", "text_en", "level", "channels")}
    ),
}
# One measure may take them over from another without a word: only their own event opens them again.
_OWN_LIVES: Final = frozenset({"venue_id", "election_id"})
_ENDS: Final[dict[type[Event], str]] = {
    MeasureEnded: "measure_id",
    CheckpointClosed: "measure_id",
    SealingLifted: "measure_id",
    ElectionResumed: "election_id",
    ElectionHeld: "election_id",
    VenueOpened: "venue_id",
}


def measure_change(event: Event) -> Begun | Ended | None:
    """What an event changes about the measures in force (防控措施); None when nothing."""
    kind = type(event)
    if kind in _ENDS:
        return Ended(getattr(event, _ENDS[kind]))
    if kind in _STARTS:
        return _begun(event, _STARTS[kind])
    if isinstance(event, MeasureStarted):
        details = {} if event.limit is None else {"limit": event.limit}
        return Begun(event.measure_id, event.measure_id, event.kind, details)
    if isinstance(event, ServicePlanChanged):
        # An area has one plan: the area itself is what the measure is about.
        if event.plan == "everyday":
            return Ended(event.area)
        return Begun(event.area, event.measure_id, "service_plan", {"plan": event.plan})
    return None


def _begun(event: Event, start: _Start) -> Begun:
    measure_id: str | None = getattr(event, "measure_id", None)
    id_ = getattr(event, start.id_field)
    if start.kind == "notice" and measure_id is not None:
        # The next notice of the same measure takes the place of the last, not of the measure.
        id_ = f"notice:{measure_id}"
    if start.id_field in _OWN_LIVES:
        measure_id = None
    values = {name: getattr(event, field) for name, field in start.details.items()}
    plain = {n: list(v) if isinstance(v, tuple) else v for n, v in values.items() if v is not None}
    return Begun(id_, measure_id, start.kind, plain)


def state_change(event: Event) -> tuple[str, str, Order | None] | None:
    """`(what, value, order)` when an event changes an area's own level or situation."""
    if isinstance(event, RiskLevelChanged):
        return "level", event.level, event.order
    if isinstance(event, SituationChanged):
        return "situation", event.situation, None
    return None


class Own(NamedTuple):
    """An area's own level or situation, since when, and by whose order."""

    area: str
    value: str
    since: datetime
    order: Details | None = None


def level_in_force(code: str, levels: Iterable[Own]) -> tuple[Level, Own | None]:
    """The level in force (风险等级): the strongest of an area's own and those above it."""
    over = [own for own in levels if code.startswith(own.area)]
    best = max(over, key=lambda own: (_rank(LEVELS, own.value), -len(own.area)), default=None)
    if best is None:
        return LEVELS[0], None
    return LEVELS[_rank(LEVELS, best.value)], best


def situation_in_force(code: str, situations: Iterable[Own]) -> tuple[Situation, datetime | None]:
    """The situation (疫情情形): the gravest of an area's own, those above it and those below it."""
    near = [own for own in situations if code.startswith(own.area) or own.area.startswith(code)]
    best = max(near, key=lambda own: (_rank(SITUATIONS, own.value), -len(own.area)), default=None)
    if best is None:
        return SITUATIONS[0], None
    return SITUATIONS[_rank(SITUATIONS, best.value)], best.since


class Measure(NamedTuple):
    """A measure in force."""

    kind: MeasureKind
    area: str
    since: datetime
    details: Details
    bound: bool = True


class Elsewhere(NamedTuple):
    """A kind of measure in force in some communities of a wider area."""

    kind: MeasureKind
    communities: int
    since: datetime


class Rule(NamedTuple):
    """A rule for residents: a kind of measure, since when, and what all of that kind ask.

    `communities` says in how many of a wider area's communities it is in force.
    """

    kind: MeasureKind
    since: datetime
    details: Details
    communities: int | None = None


def rules(measures: Iterable[Measure], elsewhere: Iterable[Elsewhere] = ()) -> list[Rule]:
    """One rule for each kind of measure, in the contract's order; notices are no rules."""
    here: dict[str, list[Measure]] = {}
    for measure in measures:
        here.setdefault(measure.kind, []).append(measure)
    below = {one.kind: one for one in elsewhere}
    found: list[Rule] = []
    for kind in MEASURE_KINDS:
        if kind == "notice" or not (kind in here or kind in below):
            continue
        own = here.get(kind, [])
        times = [measure.since for measure in own]
        if kind in below:
            times.append(below[kind].since)
        spread = below[kind].communities if kind in below else None
        found.append(Rule(kind, min(times), _joined(own), spread))
    return found


def _joined(measures: Iterable[Measure]) -> Details:
    """What measures of one kind ask together: everything checked, the strictest number."""
    details: dict[str, Any] = {}
    all_ = [measure.details for measure in measures]
    checks = [check for one in all_ for check in one.get("checks", ())]
    venues = {one["venue"] for one in all_ if "venue" in one}
    if checks:
        details["checks"] = list(dict.fromkeys(checks))
    if venues:
        details["venues"] = sorted(venues, key=lambda venue: _rank(VENUE_KINDS, venue))
    if limits := [one["limit"] for one in all_ if "limit" in one]:
        details["limit"] = min(limits)
    if times := [one["times"] for one in all_ if "times" in one]:
        details["times"] = max(times)
    if plans := [one["plan"] for one in all_ if "plan" in one]:
        details["plan"] = max(plans, key=lambda plan: _rank(SERVICE_PLANS, plan))
    return details


def notices(measures: Iterable[Measure], level: Level) -> list[Measure]:
    """The notices in force, the latest first, each text once.

    One that belongs to a measure holds until that ends, but never below its level; another holds
    at its level.
    """
    now = _rank(LEVELS, level)
    held: dict[str, Measure] = {}
    for notice in sorted(measures, key=lambda measure: measure.since, reverse=True):
        if notice.kind != "notice":
            continue
        own = _rank(LEVELS, notice.details["level"])
        if own == now or (notice.bound and own < now):
            held.setdefault(notice.details["text"], notice)
    return list(held.values())[:MOST_NOTICES]


def _rank(values: tuple[str, ...], value: str) -> int:
    return values.index(value) if value in values else 0
