"""Dead letters: events that could not be applied, stored with their error."""

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, String, Table, Text

from shared.database.types import Instant, core
from shared.inbox.entry import Entry
from shared.logs import get_logger
from shared.metrics import names as metrics
from shared.writer.transaction import Transaction

log = get_logger(__name__)

dead_letters = Table(
    "dead_letters",
    core,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("source", String(40), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("document", LargeBinary, nullable=False),
    Column("error", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("tries", Integer, nullable=False, default=1),
)


def dead_letter(tx: Transaction, source: str, entry: Entry, error: Exception) -> None:
    """Store an event that could not be applied, with its error."""
    tx.on_commit(lambda: _report(tx.handlers.name, source, entry.sequence, error))
    tx.session.execute(
        dead_letters.insert().values(
            source=source,
            sequence=entry.sequence,
            document=entry.document,
            error=repr(error),
            at=tx.now,
            tries=1,
        )
    )


def _report(service: str, source: str, sequence: int, error: Exception) -> None:
    metrics.DEAD_LETTERS.labels(service, source).inc()
    log.error(
        "event.dead_lettered", service=service, source=source, sequence=sequence, error=repr(error)
    )
