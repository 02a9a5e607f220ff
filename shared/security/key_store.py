"""The file of the wrapped keys: SQLite, every change on disk when it returns, deleted means gone.

It keeps a row for each subject: its wrapped key, or nothing where the key was destroyed; the row
stays, so that a late write cannot make a new key.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

import orjson
import stamina

from shared.security.key_files import make_private_file

LOCK_WAIT_SECONDS = 30.0

SETTINGS = "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA secure_delete = ON"
SCHEMA = """
    BEGIN IMMEDIATE;
    CREATE TABLE IF NOT EXISTS subject_keys (
        subject TEXT PRIMARY KEY NOT NULL,
        wrapped BLOB
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS vault (
        name TEXT PRIMARY KEY NOT NULL,
        value BLOB NOT NULL
    ) WITHOUT ROWID;
    COMMIT;
"""
ADD = "INSERT INTO subject_keys VALUES (?, ?) ON CONFLICT DO NOTHING"
DESTROY = """
    INSERT INTO subject_keys VALUES (?, NULL) ON CONFLICT (subject) DO UPDATE SET wrapped = NULL
"""
FIND = """
    SELECT subject, wrapped FROM subject_keys WHERE subject IN (SELECT value FROM json_each(?))
"""
ADD_VALUE = "INSERT INTO vault VALUES (?, ?) ON CONFLICT DO NOTHING"
FIND_VALUE = "SELECT value FROM vault WHERE name = ?"
EMPTY_JOURNAL = "PRAGMA wal_checkpoint(TRUNCATE)"


class KeyStoreUnavailable(Exception):
    """The file of the keys cannot be read or written now; the message names the file."""


class KeyStore:
    """The wrapped keys of subjects in one SQLite file, for any number of threads and processes.

    The file is made, mode 600, when there is none. Every method raises KeyStoreUnavailable.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._writing, self._reading = Lock(), Lock()
        with _naming(file):
            if not file.exists():
                make_private_file(file)
            self._writer = _connect(file)
            try:
                _prepare(self._writer)
                self._reader = _connect(file)
            except BaseException:
                self._writer.close()
                raise

    def close(self) -> None:
        """Close the file; may be called twice."""
        with self._writing, self._reading:
            self._reader.close()
            self._writer.close()

    def find(self, subjects: Iterable[str]) -> dict[str, bytes | None]:
        """The wrapped keys of those subjects that have a row; None where it was destroyed."""
        return dict(self._read(FIND, orjson.dumps(list(subjects)).decode()))

    def add(self, wrapped: Iterable[tuple[str, bytes]]) -> None:
        """Add `(subject, wrapped key)` rows in one transaction; those that exist stay."""
        with self._changing() as db:
            db.executemany(ADD, wrapped)

    def destroy(self, subject: str) -> None:
        """Take a subject's key away, out of the file and its journal; may be repeated.

        When it raises, a trace of the wrapped key may be left in the journal until the next call.
        """
        with self._changing() as db:
            db.execute(DESTROY, (subject,))
        with self._writing, _naming(self.file):
            # The journal still holds the page as it was before.
            ((busy, _, _),) = self._writer.execute(EMPTY_JOURNAL).fetchall()
        if busy:
            raise KeyStoreUnavailable(f"{self.file}: in use, its journal could not be emptied")

    def value(self, name: str) -> bytes | None:
        """A value kept beside the keys."""
        rows = self._read(FIND_VALUE, name)
        return rows[0][0] if rows else None

    def add_value(self, name: str, value: bytes) -> None:
        """Keep a value beside the keys; one that is there stays as it is."""
        with self._changing() as db:
            db.execute(ADD_VALUE, (name, value))

    def _read(self, statement: str, parameter: str) -> list[Any]:
        with self._reading, _naming(self.file):
            return self._reader.execute(statement, (parameter,)).fetchall()

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        with self._writing, _naming(self.file):
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise


def _connect(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        file, timeout=LOCK_WAIT_SECONDS, isolation_level=None, check_same_thread=False
    )


def _is_busy(error: Exception) -> bool:
    return (
        isinstance(error, sqlite3.OperationalError)
        and error.sqlite_errorcode == sqlite3.SQLITE_BUSY
    )


# SQLite does not wait by itself when two connections turn a new file's WAL mode on at once.
@stamina.retry(
    on=_is_busy,
    attempts=None,
    timeout=LOCK_WAIT_SECONDS,
    wait_initial=0.01,
    wait_max=0.5,
    wait_jitter=0.05,
)
def _prepare(db: sqlite3.Connection) -> None:
    for setting in SETTINGS:
        db.execute(setting).fetchall()
    db.executescript(SCHEMA)
    # A crash just after a key was destroyed leaves its page in the journal.
    db.execute(EMPTY_JOURNAL).fetchall()


@contextmanager
def _naming(file: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise KeyStoreUnavailable(f"{file}: {error}") from error
