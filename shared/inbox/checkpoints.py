"""The reader's position in another service's stream: one number a source."""

from sqlalchemy import BigInteger, Column, String, Table, select
from sqlalchemy.engine import Connection

from shared.database.sql import send
from shared.database.types import core

checkpoints = Table(
    "places",
    core,
    Column("source", String(40), primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    # Number and digest of the event that stands there, which its source is asked about. With the
    # number, as an older release that runs beside this one moves the place alone.
    Column("digest", String(60)),
)
_MOVE = "UPDATE places SET sequence = ?, digest = ? WHERE source = ? AND sequence = ?"


class CheckpointConflict(Exception):
    """Another replica applied these events first; read on from the stored place."""


def checkpoint_in(connection: Connection, source: str) -> int:
    """The number of the last event of a source that was applied or set aside; 0 at first."""
    return checkpoint_and_digest(connection, source)[0]


def checkpoint_and_digest(connection: Connection, source: str) -> tuple[int, str | None]:
    """The place in a source, and the digest of the event there; None where none was kept."""
    query = select(checkpoints.c.sequence, checkpoints.c.digest).where(
        checkpoints.c.source == source
    )
    row = connection.execute(query).first()
    if row is None:
        return 0, None
    number, _, digest = (row.digest or "").partition(" ")
    return row.sequence, digest if number == str(row.sequence) else None


def move_checkpoint(
    connection: Connection, source: str, old: int, new: int, digest: str | None
) -> None:
    """Move the place in a source from one number to another; raises PlaceMoved."""
    if old == 0:
        known = connection.execute(
            select(checkpoints.c.sequence).where(checkpoints.c.source == source)
        )
        if known.first() is None:
            connection.execute(checkpoints.insert().values(source=source, sequence=0))
    kept = None if digest is None else f"{new} {digest}"
    moved = send(connection, _MOVE, (new, kept, source, old))
    if moved.rowcount != 1:
        raise CheckpointConflict(f"the place in {source} is no longer {old}")
