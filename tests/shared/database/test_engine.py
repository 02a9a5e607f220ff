"""Databases: which failures are transient, and reads that end before their database is closed."""

import asyncio
import sqlite3
import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared.database.engine import Database
from shared.database.failures import is_transient
from shared.database.threads import on_thread
from tests.support.core.pair import Open
from tests.support.harness import PATIENCE


def sqlite_error(code: int) -> OperationalError:
    """An error as SQLite's driver raises it; the upper bits tell the kind more closely."""
    error = sqlite3.OperationalError("something")
    error.sqlite_errorcode = code
    return OperationalError("SELECT 1", {}, error)


@pytest.mark.parametrize(
    ("code", "passes"),
    [
        (sqlite3.SQLITE_BUSY, True),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, True),
        (sqlite3.SQLITE_FULL, True),
        (sqlite3.SQLITE_IOERR_FSYNC, True),
        (sqlite3.SQLITE_READONLY, True),
        (sqlite3.SQLITE_CANTOPEN, True),
        (sqlite3.SQLITE_ERROR, False),
        (sqlite3.SQLITE_ERROR_SNAPSHOT, False),
    ],
)
def test_failure_of_a_file_passes_when_it_is_not_the_statement(code: int, passes: bool) -> None:
    assert is_transient(sqlite_error(code)) is passes


def test_failure_passes_when_no_connection_was_free() -> None:
    assert is_transient(PoolTimeout("QueuePool limit reached"))
    assert not is_transient(TimeoutError())
    assert not is_transient(ValueError())


def test_failure_stays_when_a_statement_is_faulty(database: Database) -> None:
    for statement in ("SELECT * FROM no_such_table", "SELEKT", "SELECT no_such_column FROM things"):
        with database.reading() as session, pytest.raises(DBAPIError) as caught:
            session.execute(text(statement))
        assert not is_transient(caught.value)


def test_lock_of_another_process_passes(new_file: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.database.engine.BUSY_SECONDS", 0.01)
    database = new_file()
    with database.write_engine.begin(), pytest.raises(OperationalError) as caught:
        database.write_engine.connect().begin()
    assert is_transient(caught.value)


def test_read_ends_first_when_whoever_wants_it_is_cancelled() -> None:
    begun, may_end = threading.Event(), threading.Event()
    ended: list[str] = []

    def read(value: str) -> str:
        begun.set()
        may_end.wait(PATIENCE)
        ended.append(value)
        return value

    async def scenario() -> list[str]:
        reading = asyncio.create_task(on_thread(read, "a page"))
        await asyncio.to_thread(begun.wait, 20)
        reading.cancel()
        await asyncio.sleep(0)
        assert not reading.done()
        may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert await on_thread(read, "the next page") == "the next page"
        return ended

    assert asyncio.run(scenario()) == ["a page", "the next page"]
