"""A day on which everything happens that rollup counts, and one hash over what it counted."""

import hashlib
import json
from random import Random

from sqlalchemy import select

from services.rollup.figures.tables import DailyFigure, StandingFigure, StandingThing
from shared.db import Database
from tests.harness import Node, new_id

AREAS = tuple(f"22058107{number}101" for number in (0, 1, 2))
PROJECTIONS = (DailyFigure, StandingFigure, StandingThing)


def fingerprint(database: Database) -> str:
    """One hash over all rows of the projections.

    A zero says no more than no row: what opened and closed within one batch leaves none.
    """
    with database.reading() as session:
        rows = [
            sorted(str(tuple(row)) for row in session.execute(select(model.__table__)) if row[-1])
            for model in PROJECTIONS
        ]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def busy_day(node: Node) -> None:
    """Screenings, some taken back, fevers, a case, an order up and down, and a request."""
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
