"""The file of the wrapped keys: in SQLite, where every change is synced and deletions are final.

It has a row for each subject with its wrapped key, or NULL where the key was destroyed. The row
stays, so that a late write cannot create a new key.
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
    """The key store cannot be read or written now; the message names the file."""


class KeyStore:
    """The wrapped keys of subjects in one SQLite file, for any number of threads and processes.

    The file is created, mode 600, when absent. Every method raises KeyStoreUnavailable.
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
        """The wrapped keys of those subjects that have a row; None for a destroyed key."""
        return dict(self._read(FIND, orjson.dumps(list(subjects)).decode()))

    def add(self, wrapped: Iterable[tuple[str, bytes]]) -> None:
        """Add `(subject, wrapped key)` rows in one transaction; existing rows stay as they are."""
        with self._changing() as db:
            db.executemany(ADD, wrapped)

    def destroy(self, subject: str) -> None:
        """Remove a subject's key from the file and its journal; may be repeated.

        When it raises, the wrapped key may remain in the journal until the next call.
        """
        with self._changing() as db:
            db.execute(DESTROY, (subject,))
        with self._writing, _naming(self.file):
            # The journal still holds the old page.
            ((busy, _, _),) = self._writer.execute(EMPTY_JOURNAL).fetchall()
        if busy:
            raise KeyStoreUnavailable(f"{self.file}: in use, its journal could not be emptied")

    def value(self, name: str) -> bytes | None:
        """A value stored beside the keys."""
        rows = self._read(FIND_VALUE, name)
        return rows[0][0] if rows else None

    def add_value(self, name: str, value: bytes) -> None:
        """Store a value beside the keys; an existing one stays as it is."""
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


# SQLite does not wait when two connections turn on a new file's WAL mode at the same time.
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
    # After a crash, a key destroyed just before may still be in the journal.
    db.execute(EMPTY_JOURNAL).fetchall()


@contextmanager
def _naming(file: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise KeyStoreUnavailable(f"{file}: {error}") from error
