"""Measures ordered by hand: a response neither ends nor doubles them. D2, D3."""

from collections.abc import Iterable

from services.alerts.response import rows
from services.alerts.response.domain import Ground, MeasureFacts
from shared.events import Cause, id_from
from shared.events.values import MeasureKind
from shared.policy import Measure
from shared.transaction import Tx


def put_in_place(
    tx: Tx,
    command_id: str,
    area: str,
    kind: MeasureKind,
    parameters: Measure,
    because: tuple[Cause, ...],
    instead_of: MeasureFacts | None,
) -> MeasureFacts:
    """Begin a measure by hand; one that the plan had there is taken over and keeps its id."""
    ground = Ground(
        id_from(command_id, f"ground:{kind}:{area}"),
        kind,
        parameters,
        None,
        because,
        instead_of.response_id if instead_of else None,
        tx.now,
        by_hand=True,
    )
    rows.add_grounds(tx.session, [ground])
    if instead_of is not None:
        rows.move(tx.session, [(instead_of, ground.id)])
        return rows.facts_of(instead_of.id, area, ground)
    measure_id = id_from(command_id, f"{kind}:{area}")
    rows.add_measures(tx.session, [rows.New(area, measure_id, ground.id)])
    return rows.facts_of(measure_id, area, ground)


def end(tx: Tx, measures: Iterable[MeasureFacts]) -> None:
    """End measures that were begun by hand."""
    rows.end_measures(tx.session, measures, tx.now)
