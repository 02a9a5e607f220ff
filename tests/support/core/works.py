"""Works for the writer's tests, and a writer that runs while a block does."""

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from shared.database.engine import Database
from shared.writer.transaction import Transaction
from shared.writer.writer import Commit, Writer
from tests.support.core.pair import make_site, make_source, noted
from tests.support.harness import PATIENCE


@dataclass
class Gate:
    """Work that holds the writer in a transaction until it is opened."""

    size: int = 1
    entered: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)

    def run(self, tx: Transaction, *, isolate: bool) -> str:
        self.entered.set()
        assert self.opened.wait(PATIENCE)
        return "through"


@dataclass
class Noting:
    """Work that notes a number and then calls a function; it counts its runs."""

    number: int
    then: Callable[[Transaction], Any] = lambda _tx: None
    size: int = 1
    runs: int = 0

    def run(self, tx: Transaction, *, isolate: bool) -> int:
        self.runs += 1
        event = noted(self.number)
        tx.append([event])
        tx.session.execute(
            text("INSERT INTO things (id, number) VALUES (:id, :number)"),
            {"id": event.thing_id, "number": self.number},
        )
        self.then(tx)
        return self.number


def failing_of_the_database(times: int) -> Callable[[Transaction], None]:
    """Fails a number of times with a transient error of the database, then no more."""
    left = [times]

    def fail(_tx: Transaction) -> None:
        if left[0]:
            left[0] -= 1
            raise OperationalError("SELECT 1", {}, Exception("the connection is gone"))

    return fail


@asynccontextmanager
async def writing(
    database: Database, committed: Callable[[Commit], None] = lambda _commit: None
) -> AsyncIterator[Writer]:
    """A running writer of the source."""
    writer = Writer(make_source(), make_site(), database, committed=committed)
    writer.start()
    try:
        yield writer
    finally:
        await writer.stop()
