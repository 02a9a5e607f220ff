"""Measures ordered by hand: a response neither ends nor doubles them. D2, D3."""

from collections.abc import Iterable
from typing import NamedTuple

from services.alerts.measures import rows
from services.alerts.measures.domain import Ground, MeasureFacts
from shared.events.alerts.measures import MeasureKind
from shared.events.base import Cause, id_from
from shared.policy.measure import Measure
from shared.writer.handlers import Tx


class Begun(NamedTuple):
    """Where a measure begins, why, and which one of the plan it takes over, if any."""

    area: str
    because: tuple[Cause, ...]
    instead_of: MeasureFacts | None


def put_in_place(
    tx: Tx, command_id: str, kind: MeasureKind, parameters: Measure, begun: Iterable[Begun]
) -> list[MeasureFacts]:
    """Begin a measure by hand in many areas; one that the plan had there is taken over and keeps
    its id."""
    grounds: dict[tuple[tuple[Cause, ...], str | None], Ground] = {}
    new: list[rows.New] = []
    moved: list[tuple[MeasureFacts, str]] = []
    made: list[MeasureFacts] = []
    for area, because, instead_of in begun:
        response_id = instead_of.response_id if instead_of else None
        ground = grounds.get((because, response_id))
        if ground is None:
            ground_id = id_from(command_id, f"ground:{kind}:{area}")
            ground = grounds[because, response_id] = Ground(
                ground_id, kind, parameters, None, because, response_id, tx.now, manual=True
            )
        if instead_of is not None:
            measure_id = instead_of.id
            moved.append((instead_of, ground.id))
        else:
            measure_id = id_from(command_id, f"{kind}:{area}")
            new.append(rows.New(area, measure_id, ground.id))
        made.append(rows.facts_of(measure_id, area, ground))
    rows.add_grounds(tx.session, list(grounds.values()))
    rows.add_measures(tx.session, new)
    rows.move(tx.session, moved)
    return made


def end(tx: Tx, measures: Iterable[MeasureFacts]) -> None:
    """End measures that were begun by hand."""
    rows.end_measures(tx.session, measures, tx.now)
