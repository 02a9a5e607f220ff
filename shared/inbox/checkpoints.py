"""A reader's checkpoint in another service's stream: one number for each source."""

from sqlalchemy import BigInteger, Column, String, Table, select
from sqlalchemy.engine import Connection

from shared.database.sql import send
from shared.database.types import core

checkpoints = Table(
    "places",
    core,
    Column("source", String(40), primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    # The number and digest of the event at the checkpoint, to compare with the source's log. The
    # number is there because an older release beside this one moves `sequence` alone.
    Column("digest", String(60)),
)
_MOVE = "UPDATE places SET sequence = ?, digest = ? WHERE source = ? AND sequence = ?"


class CheckpointConflict(Exception):
    """Another process applied these events first; read on from the stored checkpoint."""


def checkpoint_in(connection: Connection, source: str) -> int:
    """The number of the last event of a source that was applied or dead-lettered; 0 at first."""
    return checkpoint_and_digest(connection, source)[0]


def checkpoint_and_digest(connection: Connection, source: str) -> tuple[int, str | None]:
    """The checkpoint in a source, and the digest of the event there; None where none is stored."""
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
    """Move the checkpoint in a source from one number to another; raises CheckpointConflict."""
    if old == 0:
        known = connection.execute(
            select(checkpoints.c.sequence).where(checkpoints.c.source == source)
        )
        if known.first() is None:
            connection.execute(checkpoints.insert().values(source=source, sequence=0))
    stored = None if digest is None else f"{new} {digest}"
    moved = send(connection, _MOVE, (new, stored, source, old))
    if moved.rowcount != 1:
        raise CheckpointConflict(f"the checkpoint in {source} is no longer {old}")
