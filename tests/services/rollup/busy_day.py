"""A day on which everything happens that rollup counts, and one hash over what it counted."""

import hashlib
import json
from datetime import timedelta
from random import Random

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.rollup.figures.tables import (
    CountedCase,
    DailyFigure,
    StandingFigure,
    StandingThing,
)
from services.rollup.public.tables import PublicChange, PublicMeasure, PublicState
from services.rollup.schema import Table
from shared.database.engine import Database
from tests.support.harness import Node, new_id

AREAS = tuple(f"22058107{number}101" for number in (0, 1, 2))
# What is made of events alone; the daily reports are not, since people sign them here.
PROJECTIONS = (
    DailyFigure,
    StandingFigure,
    StandingThing,
    CountedCase,
    PublicState,
    PublicMeasure,
    PublicChange,
)


def fingerprint(database: Database) -> str:
    """One hash over all rows of the projections.

    A zero says no more than no row: what opened and closed within one batch leaves none.
    """
    with database.reading() as session:
        rows = [_rows(session, model) for model in PROJECTIONS]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def kinds_of_rows(database: Database) -> set[str]:
    """The projections in which something stands."""
    with database.reading() as session:
        return {model.__tablename__ for model in PROJECTIONS if _rows(session, model)}


def _rows(session: Session, model: type[Table]) -> list[str]:
    found = session.execute(select(model.__table__)).mappings()
    # The kinds of databases give an object's keys back in orders of their own.
    return sorted(
        json.dumps(dict(row), default=str, sort_keys=True) for row in found if row.get("value") != 0
    )


def busy_day(node: Node) -> None:
    """Screenings, some taken back, fevers, a case, orders up and down, and a request."""
    dice = Random(41)
    for area in AREAS:
        recorder = node.client("recorder", area)
        ids = [new_id() for _ in range(60)]
        lines = [
            {
                "id": id_,
                "area": area,
                "place_kind": "checkpoint",
                "temperature_c": dice.choice((36.4, 36.6, 38.2)),
            }
            for id_ in ids
        ]
        body = "\n".join(json.dumps(line) for line in lines)
        assert recorder.request("POST", "/intake/screenings/bulk", content=body).is_success
        for id_ in ids[::7]:
            answer = recorder.post(f"/intake/screenings/{id_}/void", {"reason": "重复"})
            assert answer.is_success
    command = node.client("command", "220581")
    for level in ("medium", "low"):
        order = {"level": level, "reason": "演练"}
        path = f"/alerts/areas/{AREAS[0][:9]}/risk-level"
        assert command.put(path, order).is_success
        node.settle()
    case = {"id": new_id(), "area": AREAS[1], "status": "confirmed", "origin": "local"}
    assert node.client("health").post("/intake/cases", case).is_success
    order = {"level": "medium", "reason": "演练"}
    assert command.put(f"/alerts/areas/{AREAS[1]}/risk-level", order).is_success
    due = (node.now() + timedelta(hours=8)).isoformat()
    request = {"id": new_id(), "area": AREAS[2], "kind": "goods", "due_at": due}
    coordinator = node.client("coordinator", "220581")
    assert coordinator.post("/volunteers/requests", request).is_success
    node.settle()
