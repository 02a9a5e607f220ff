"""Bringing the measures of the communities under an area in line with levels and situations.

Five thousand communities go through here in one order: what they share is made once.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from services.alerts.measures import rows
from services.alerts.measures.domain import Ground, Response, governing
from services.alerts.measures.effects import EffectsByKind
from services.alerts.measures.in_force import causes_under
from services.alerts.response import domain
from services.alerts.response.domain import Changes, Move
from services.alerts.response.effects import Effects
from services.alerts.risk.levels import level_in_force, own_levels
from services.alerts.risk.situations import situations
from shared.events.alerts.risk import SituationChanged
from shared.events.base import Cause, Event, id_from
from shared.events.envelope import Recorded
from shared.events.vocabulary import Level, Situation
from shared.policy.pack import MeasureRule, measures_for
from shared.writer.handlers import Tx

TOWNSHIP_DIGITS = 9


class Alignment:
    """What is wanted under the area of one event, and what the measures it starts stand on."""

    def __init__(self, tx: Tx, cause: Recorded[Any], kinds: EffectsByKind) -> None:
        self._tx = tx
        self._kinds = kinds
        self._cause = cause
        self._levels = own_levels(tx.session, cause.data.area)
        self._situations = situations(tx.session, cause.data.area)
        self._responses = rows.responses_around(tx.session, cause.data.area)
        self._rules: dict[tuple[Level, Situation], tuple[MeasureRule, ...]] = {}
        self._grounds: dict[tuple[object, ...], Ground] = {}
        self._decided: dict[str, tuple[Level, Response | None]] = {}

    def changes(self, communities: Iterable[str]) -> Changes:
        """What must start and end in these communities, which are all under the area."""
        wanted = {area: self._wanted(area) for area in communities}
        active = rows.active(self._tx.session, self._cause.data.area)
        going_on = {response.id for response in self._responses.values()}
        steps = domain.changes(wanted, active).steps
        return Changes(steps, domain.moves(wanted, active, going_on))

    def take(self, changes: Changes, ending: str) -> list[Event]:
        """Store what starts and ends, the latter by the policy line `ending`; what they say."""
        now, session = self._tx.now, self._tx.session
        effects = Effects(self._kinds, self._tx.pack, self._cause.causes(ending), now)
        events: list[Event] = []
        new: list[rows.New] = []
        for area, starts, ends in changes.steps:
            if starts is None:
                events.extend([effects.ends(facts) for facts in (ends,) if facts])
                continue
            level, response = self._deciding(area)
            ground = self._ground(starts, response)
            measure_id = id_from(self._cause.id, f"{starts.kind}:{area}")
            new.append(rows.New(area, measure_id, ground.id))
            if ends is None:
                events.append(effects.starts(area, measure_id, ground, level))
            else:
                events.extend(effects.changes(ends, measure_id, ground, level))
        moved = [(move.facts, self._ground_kept(move).id) for move in changes.moves]
        rows.end_measures(session, changes.ended, now)
        rows.add_grounds(session, list(self._grounds.values()))
        rows.add_measures(session, new)
        rows.move(session, moved)
        return events

    def _wanted(self, area: str) -> tuple[MeasureRule, ...]:
        key = self._deciding(area)[0], self._situations.get(area, "no_cases")
        if key not in self._rules:
            self._rules[key] = measures_for(*key, (), self._tx.pack)
        return self._rules[key]

    def _deciding(self, area: str) -> tuple[Level, Response | None]:
        """The level in force of a community, and the response that decides there."""
        # Few communities have a level of their own: the others have what their township has.
        if area not in self._levels:
            area = area[:TOWNSHIP_DIGITS]
        found = self._decided.get(area)
        if found is None:
            response = governing(self._responses, area)
            level = level_in_force(self._levels, area)
            found = self._decided[area] = level, response
        return found

    def _ground(self, rule: MeasureRule, response: Response | None) -> Ground:
        # The rules of this alignment live as long as it does: their identity will do.
        key = id(rule), response.id if response else None
        known = self._grounds.get(key)
        if known is not None:
            return known
        return self._add(key, rule, response, self._cause.causes(rule.line), self._tx.now)

    def _ground_kept(self, move: Move) -> Ground:
        """What a measure stands on from now that outlives the response it began with."""
        facts, rule = move
        _, response = self._deciding(facts.area)
        since = facts.since or self._tx.now
        # What shared a ground before shares its line of causes, the very same one.
        key = id(rule), response.id if response else None, since, id(facts.because)
        known = self._grounds.get(key)
        if known is not None:
            return known
        by_situation = facts.because and facts.because[-1].type == SituationChanged.type
        if by_situation and facts.line == rule.line:
            because = facts.because
        elif response is not None:
            because = causes_under(response.because, rule.line)
        else:
            because = self._cause.causes(rule.line)
        return self._add(key, rule, response, because, since)

    def _add(
        self,
        key: tuple[object, ...],
        rule: MeasureRule,
        response: Response | None,
        because: tuple[Cause, ...],
        since: datetime,
    ) -> Ground:
        ground = self._grounds[key] = Ground(
            id_from(self._cause.id, f"ground:{len(self._grounds)}"),
            rule.kind,
            rule.parameters,
            rule.line,
            because,
            response.id if response else None,
            since,
        )
        return ground
