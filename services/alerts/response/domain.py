"""The rules of a response (应急响应): what starts and ends when a level or situation changes.

It undoes only what it did: a measure ordered by hand is neither ended nor doubled. D2 [PREC21].
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from services.alerts.measures.domain import MeasureFacts, Response
from shared.events.alerts.measures import MEASURE_KINDS, MeasureKind
from shared.events.alerts.response import (
    ResponseChanged,
    ResponseEnded,
    ResponseEvent,
    ResponseStarted,
)
from shared.events.alerts.risk import RiskLevelChanged
from shared.events.envelope import Recorded
from shared.events.vocabulary import Level
from shared.policy.pack import MeasureRule


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
    manual = {facts.kind for facts in held if facts.manual}
    planned = {facts.kind: facts for facts in held if not facts.manual}
    wanted = {rule.kind: rule for rule in rules}
    for kind in MEASURE_KINDS:
        if kind in planned and kind not in wanted:
            yield Step(area, None, planned[kind])
    for kind, rule in wanted.items():
        facts = planned.get(kind)
        if facts is None:
            if kind not in manual:
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
            if facts.manual or facts.response_id is None or facts.response_id in going_on:
                continue
            same = (r for r in rules if (r.kind, r.parameters) == (facts.kind, facts.parameters))
            found.extend(Move(facts, rule) for rule in same)
    return tuple(found)


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
