"""Replays dead letters, on a person's command."""

from dataclasses import dataclass

from sqlalchemy import delete, select, update

from shared.inbox.applying import attempt
from shared.inbox.dead_letters import dead_letters
from shared.inbox.entry import Entry
from shared.writer.transaction import Transaction


@dataclass(slots=True)
class Replay:
    """Applies every dead letter again; one that fails stays, with its new error."""

    size: int = 1

    def run(self, tx: Transaction, *, isolate: bool) -> tuple[int, int]:  # noqa: ARG002 - see Work
        """Apply them again; returns how many were applied and how many failed."""
        tx.caller = None
        connection = tx.connection
        applied = failed = 0
        for row in connection.execute(select(dead_letters).order_by(dead_letters.c.id)).all():
            error = attempt(tx, row.source, Entry(row.sequence, row.document, None))
            same = dead_letters.c.id == row.id
            if error is None:
                connection.execute(delete(dead_letters).where(same))
                applied += 1
            else:
                values = {"error": repr(error), "tries": row.tries + 1}
                connection.execute(update(dead_letters).where(same).values(values))
                failed += 1
        return applied, failed
