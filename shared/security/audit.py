"""The audit log: who did or opened what, when and why; append-only, each entry bound to the last.

Every entry holds the hash of the one before it, so that a changed, removed or reordered entry
breaks the chain; `audit_head` holds the last number and hash, so that missing last entries are
noticed too. To recognise a log that was forged as a whole, store the report's head elsewhere.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

import orjson
from sqlalchemy import BigInteger, Column, Integer, String, Table, Text, select
from sqlalchemy.engine import Connection, Row

from shared.clock.clock import CST
from shared.database.types import core
from shared.security.tokens import Caller

BEGINNING = "0" * 64
MOST_FAULTS = 100
ROWS_AT_ONCE = 1000

entries = Table(
    "audit",
    core,
    Column(
        "sequence",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=False,
    ),
    # As text, so that exactly what is stored is hashed.
    Column("at", String(32), nullable=False),
    Column("actor", Text, nullable=False),
    Column("role", String(20), nullable=False),
    Column("token_id", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)

audit_head = Table(
    "audit_head",
    core,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("sequence", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
)

_HEAD = select(audit_head.c.sequence, audit_head.c.hash).where(audit_head.c.one == 1)

FaultKind = Literal["changed", "missing", "misplaced", "head"]


class Recording(Protocol):
    """What `record` needs of a writer's transaction."""

    @property
    def connection(self) -> Connection:
        """The connection whose transaction the writer commits."""
        ...

    @property
    def now(self) -> datetime:
        """The time of the transaction."""
        ...

    @property
    def caller(self) -> Caller | None:
        """Who asked; None when the service acts by itself."""
        ...


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at an entry's number.

    `changed`: its content is not what was recorded. `missing`: it is gone. `misplaced`: it does
    not follow the entry before it. `head`: the log does not end where its head says.
    """

    sequence: int
    kind: FaultKind


@dataclass(frozen=True, slots=True)
class Report:
    """The result of verifying the whole log: the number of entries, the last hash, and the faults.

    At most the first hundred faults are listed.
    """

    entries: int
    head: str
    faults: tuple[Fault, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing was tampered with."""
        return not self.faults


def record(tx: Recording, action: str, subject: str, reason: str = "") -> None:
    """Record what the caller does to a subject, and why; it is stored if the transaction commits.

    `subject` is an id or a code, never someone's data.
    """
    connection = tx.connection
    head = connection.execute(_HEAD).first()
    sequence, previous = (head.sequence + 1, head.hash) if head else (1, BEGINNING)
    caller = tx.caller
    values = {
        "sequence": sequence,
        "at": tx.now.astimezone(CST).isoformat(timespec="microseconds"),
        "actor": caller.name if caller else "",
        "role": caller.role.value if caller else "",
        "token_id": caller.token_id if caller else "",
        "action": action,
        "subject": subject,
        "reason": reason,
        "previous": previous,
    }
    digest = _digest(values.values())
    connection.execute(entries.insert().values(**values, hash=digest))
    if head:
        moved = audit_head.update().where(audit_head.c.one == 1)
        connection.execute(moved.values(sequence=sequence, hash=digest))
    else:
        connection.execute(audit_head.insert().values(one=1, sequence=sequence, hash=digest))


def verify(connection: Connection) -> Report:
    """Read the whole log and report where it differs from what was recorded."""
    faults: list[Fault] = []
    count, last, previous = 0, 0, BEGINNING
    query = select(entries).order_by(entries.c.sequence).execution_options(yield_per=ROWS_AT_ONCE)
    for row in connection.execute(query):
        kind = _fault_of(row, last, previous)
        if kind and len(faults) < MOST_FAULTS:
            faults.append(Fault(last + 1 if kind == "missing" else row.sequence, kind))
        count, last, previous = count + 1, row.sequence, row.hash
    head = connection.execute(_HEAD).first()
    recorded = (head.sequence, head.hash) if head else (0, BEGINNING)
    if recorded[0] > last:
        faults.append(Fault(last + 1, "missing"))
    elif recorded != (last, previous):
        faults.append(Fault(last, "head"))
    return Report(count, previous, tuple(faults))


def _fault_of(row: Row[Any], last: int, previous: str) -> FaultKind | None:
    if row.hash != _digest(row[:-1]):
        return "changed"
    if row.sequence > last + 1:
        return "missing"
    return "misplaced" if row.sequence != last + 1 or row.previous != previous else None


def _digest(values: Iterable[Any]) -> str:
    return hashlib.sha256(orjson.dumps(list(values), default=repr)).hexdigest()
