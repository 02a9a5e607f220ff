"""The rules of a response (应急响应): what starts and ends when a level or situation changes.

It undoes only what it did: a measure ordered by hand is neither ended nor doubled. D2 [PREC21].
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from shared.areas.tree import ancestors
from shared.events.alerts.checkpoints import CheckpointCheck
from shared.events.alerts.measures import MEASURE_KINDS, MeasureEnded, MeasureKind, MeasureStarted
from shared.events.alerts.response import (
    ResponseChanged,
    ResponseEnded,
    ResponseEvent,
    ResponseStarted,
)
from shared.events.alerts.risk import RiskLevelChanged
from shared.events.base import Cause
from shared.events.envelope import Recorded
from shared.events.vocabulary import LEVELS, Level
from shared.policy.pack import (
    ActivityStop,
    Checkpoint,
    DutyDayAndNight,
    ElectionPause,
    Measure,
    MeasureRule,
    MeetingPostponement,
    Notice,
    Sanitation,
    Sealing,
    ServicePlanChange,
    VenueClosure,
    VenueLimit,
)

PARAMETERS: dict[MeasureKind, type[Measure]] = {
    "checkpoint": Checkpoint,
    "sealing": Sealing,
    "election_pause": ElectionPause,
    "venue_closure": VenueClosure,
    "venue_limit": VenueLimit,
    "activity_stop": ActivityStop,
    "meeting_postponement": MeetingPostponement,
    "service_plan": ServicePlanChange,
    "sanitation": Sanitation,
    "notice": Notice,
    "duty_day_and_night": DutyDayAndNight,
}


class ImposedSealing(Measure):
    """封闭管理 as it was ordered, with what is checked at the gate [FEB16, PREC21]."""

    checks: tuple[CheckpointCheck, ...]


@dataclass(frozen=True, slots=True)
class Ground:
    """Why measures of one kind stand, and with which parameters: what an order's measures share.

    `by_hand` marks what was ordered by hand; it has no policy line.
    """

    id: str
    kind: MeasureKind
    parameters: Measure
    line: str | None
    because: tuple[Cause, ...]
    response_id: str | None
    since: datetime
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class MeasureFacts:
    """A measure in one area: its parameters, its policy line and its line of causes.

    It is in force unless `ended_at` says since when it is not.
    """

    id: str
    area: str
    kind: MeasureKind
    parameters: Measure
    line: str | None
    because: tuple[Cause, ...]
    response_id: str | None = None
    since: datetime | None = None
    by_hand: bool = False
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """The response of one ordered area: its level, and the event that made it."""

    id: str
    area: str
    level: Level
    event_id: str
    because: tuple[Cause, ...]
    since: datetime


class Step(NamedTuple):
    """What happens to one kind of measure in one area: it starts, ends, or is replaced (both)."""

    area: str
    starts: MeasureRule | None
    ends: MeasureFacts | None


class Move(NamedTuple):
    """A measure that stays as it is, by another rule than the one that began it."""

    facts: MeasureFacts
    rule: MeasureRule


@dataclass(frozen=True, slots=True)
class Changes:
    """The steps from the measures in force to the wanted ones, area by area; `moves` change nothing
    but what a measure stands on."""

    steps: tuple[Step, ...]
    moves: tuple[Move, ...] = ()

    @property
    def started(self) -> list[tuple[str, MeasureRule]]:
        """What starts, by area; a replaced measure counts as ended and started."""
        return [(step.area, step.starts) for step in self.steps if step.starts]

    @property
    def ended(self) -> list[MeasureFacts]:
        """What ends."""
        return [step.ends for step in self.steps if step.ends]


def changes(
    wanted: Mapping[str, Sequence[MeasureRule]], active: Mapping[str, Sequence[MeasureFacts]]
) -> Changes:
    """What must start and end so that the active measures of each area are the wanted ones."""
    steps: list[Step] = []
    for area, rules in wanted.items():
        held = active.get(area)
        if held:
            steps.extend(_steps(area, rules, held))
        else:
            steps.extend([Step(area, rule, None) for rule in rules])
    for area, held in active.items():
        if area not in wanted:
            steps.extend(_steps(area, (), held))
    return Changes(tuple(steps))


def _steps(area: str, rules: Iterable[MeasureRule], held: Iterable[MeasureFacts]) -> Iterator[Step]:
    by_hand = {facts.kind for facts in held if facts.by_hand}
    planned = {facts.kind: facts for facts in held if not facts.by_hand}
    wanted = {rule.kind: rule for rule in rules}
    for kind in MEASURE_KINDS:
        if kind in planned and kind not in wanted:
            yield Step(area, None, planned[kind])
    for kind, rule in wanted.items():
        facts = planned.get(kind)
        if facts is None:
            if kind not in by_hand:
                yield Step(area, rule, None)
        elif facts.parameters != rule.parameters:
            yield Step(area, rule, facts)


def moves(
    wanted: Mapping[str, Sequence[MeasureRule]],
    active: Mapping[str, Sequence[MeasureFacts]],
    going_on: Collection[str],
) -> tuple[Move, ...]:
    """The measures that are still wanted as they are though the response they name has ended.

    `going_on` is the ids of the responses that have not.
    """
    found: list[Move] = []
    for area, held in active.items():
        rules = wanted.get(area, ())
        for facts in held:
            if facts.by_hand or facts.response_id is None or facts.response_id in going_on:
                continue
            same = (r for r in rules if (r.kind, r.parameters) == (facts.kind, facts.parameters))
            found.extend(Move(facts, rule) for rule in same)
    return tuple(found)


def governing(responses: Mapping[str, Response], area: str) -> Response | None:
    """The response that decides in an area: the strongest of its own and those above it.

    Of several of one level the first to have it decides.
    """
    above = [responses[code] for code in ancestors(area) if code in responses]
    return min(above, key=_standing, default=None)


def _standing(response: Response) -> tuple[int, datetime, str]:
    return -LEVELS.index(response.level), response.since, response.area


def responded(
    changed: Recorded[RiskLevelChanged],
    before: Response | None,
    response_id: str,
    measures: tuple[MeasureKind, ...],
    line: str,
    now: datetime,
) -> ResponseEvent | None:
    """What becomes of an area's response when its own level changes; None when nothing does.

    `measures` are those of the new level, or of the old one when the response ends; `line` is the
    policy line of the new level's measures.
    """
    level = changed.data.level
    kind: type[ResponseEvent]
    if before is None:
        kind = ResponseStarted
    else:
        kind = ResponseEnded if level == "low" else ResponseChanged
    previous: Level = before.level if before else "low"
    if level == previous:
        return None
    return kind(
        area=changed.data.area,
        occurred_at=now,
        because=changed.causes(line),
        response_id=response_id,
        level=level,
        previous=previous,
        measures=measures,
    )


def started(area: str, measure_id: str, ground: Ground, now: datetime) -> MeasureStarted:
    """A measure that has no event of its own began; an activity stop tells its limit of people."""
    stop = ground.parameters
    return MeasureStarted(
        area=area,
        occurred_at=now,
        because=ground.because,
        measure_id=measure_id,
        response_id=ground.response_id,
        kind=ground.kind,
        limit=stop.above_people if isinstance(stop, ActivityStop) else None,
    )


def ended(facts: MeasureFacts, because: tuple[Cause, ...], now: datetime) -> MeasureEnded:
    """A measure that has no event for its end was ended."""
    return MeasureEnded(
        area=facts.area,
        occurred_at=now,
        because=because,
        measure_id=facts.id,
        response_id=facts.response_id,
        kind=facts.kind,
    )
