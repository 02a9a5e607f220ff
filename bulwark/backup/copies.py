"""Copies of one service's database, each as of one moment, made while it is in use."""

import gzip
import shutil
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, NullPool, create_engine, make_url, select, text
from sqlalchemy.exc import SQLAlchemyError

from bulwark.backup import postgres_programs
from bulwark.backup.disk import make_folder
from bulwark.backup.manifest import BackupError, DatabaseCopy
from shared.database.engine import Database
from shared.files import PRIVATE_MODE, draft_of, put_in_place, sync_file, sync_folder
from shared.inbox.checkpoints import checkpoints
from shared.runtime.migrations import Revisions, revisions_in
from shared.writer.log import head_of, oldest

SUFFIX = {"sqlite": "db.gz", "postgresql": "dump"}
# Level 1 takes half the time of the default, and its files are a tenth larger.
COMPRESSION = 1
AT_ONCE = 1 << 20


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts about a database: its version, the ends of its log, its checkpoints."""

    revisions: Revisions
    head: int
    oldest: int
    places: dict[str, int]


def facts_of(connection: Connection) -> Facts | None:
    """The facts of a migrated database; None for one without our tables."""
    revisions = revisions_in(connection)
    if revisions is None:
        return None
    rows = connection.execute(select(checkpoints.c.source, checkpoints.c.sequence))
    return Facts(
        revisions,
        head_of(connection),
        oldest(connection) or 0,
        {row.source: row.sequence for row in rows},
    )


def is_sqlite(url: str) -> bool:
    """Whether a database URL names a file."""
    return make_url(url).get_backend_name() == "sqlite"


def file_of(url: str) -> Path:
    """The file that an SQLite URL names."""
    return Path(str(make_url(url).database))


def copy_database(service: str, url: str, folder: Path) -> DatabaseCopy:
    """Copy a service's database into a folder, synced; raises BackupError."""
    try:
        if is_sqlite(url):
            return _copy_sqlite(service, file_of(url), folder)
        return _copy_postgres(service, url, folder)
    except (sqlite3.Error, OSError) as error:
        raise BackupError(f"{service}: 无法备份 / cannot be copied: {error}") from error
    except SQLAlchemyError as error:
        raise BackupError(
            f"{service}: 数据库无法访问 / the database does not answer: {_first_line(error)}"
        ) from error


def restore_database(service: str, copy: DatabaseCopy, folder: Path, url: str) -> None:
    """Restore a copy from a backup's folder to the database at a URL; raises BackupError."""
    source = folder / copy.file
    try:
        if copy.kind == "sqlite":
            unpack(source, file_of(url))
        else:
            load_dump(source, url, copy)
    except (EOFError, zlib.error, OSError) as error:
        raise BackupError(f"{service}: 无法恢复 / cannot be restored: {error}") from error
    except SQLAlchemyError as error:
        raise BackupError(
            f"{service}: 数据库无法访问 / the database does not answer: {_first_line(error)}"
        ) from error


def load_dump(file: Path, url: str, copy: DatabaseCopy) -> None:
    """Load a PostgreSQL dump into an empty database, completely or not at all."""
    with connected(url) as connection:
        server = postgres_programs.server_major(connection)
    if server < copy.server:
        raise BackupError(
            f"备份来自 PostgreSQL {copy.server},此服务器为 {server} / the backup is of PostgreSQL "
            f"{copy.server}, this server is {server}: use a newer server"
        )
    path = postgres_programs.program("pg_restore", server)
    whole = ("--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error")
    postgres_programs.run(path, url, *whole, str(file))


def unpack(source: Path, target: Path) -> None:
    """Decompress a database file atomically."""
    make_folder(target.parent)
    draft = draft_of(target)
    with gzip.open(source) as packed, draft.open("wb") as plain:
        shutil.copyfileobj(packed, plain, AT_ONCE)
    put_in_place(draft, target)


def _pack(source: Path, target: Path) -> None:
    draft = draft_of(target)
    with (
        source.open("rb") as plain,
        draft.open("wb") as packed,
        gzip.GzipFile("", "wb", COMPRESSION, packed, mtime=0) as stream,
    ):
        shutil.copyfileobj(plain, stream, AT_ONCE)
    put_in_place(draft, target)


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy a database file by SQLite's backup interface, in one step.

    The copy is of one moment, even during writes, and is one file without a journal.
    """
    make_folder(target.parent)
    draft = draft_of(target)
    draft.unlink(missing_ok=True)
    with (
        closing(open_file(source)) as reading,
        closing(sqlite3.connect(draft)) as writing,
    ):
        draft.chmod(PRIVATE_MODE)
        reading.backup(writing)
        writing.execute("PRAGMA journal_mode=DELETE")
    put_in_place(draft, target)


def open_file(file: Path, *, immutable: bool = False) -> sqlite3.Connection:
    """Open a database file for reading; `immutable` for one that nothing writes to.

    Raises FileNotFoundError, where SQLite would only say that it cannot open the file.
    """
    if not file.exists():
        raise FileNotFoundError(f"{file}: 不存在 / does not exist")
    options = "mode=ro&immutable=1" if immutable else "mode=ro"
    return sqlite3.connect(f"file:{quote(str(file))}?{options}", uri=True, isolation_level=None)


@contextmanager
def connected(url: str, *, immutable: bool = False) -> Iterator[Connection]:
    """A read-only connection to a database as of one moment."""
    if is_sqlite(url):
        file = file_of(url)
        engine = create_engine(
            "sqlite://", creator=lambda: open_file(file, immutable=immutable), poolclass=NullPool
        )
        with engine.connect() as connection:
            # As on PostgreSQL, so that all queries see the same moment.
            connection.exec_driver_sql("BEGIN")
            yield connection
        return
    database = Database(url)
    try:
        with database.read_engine.connect() as connection:
            yield connection
    finally:
        database.close()


def _copy_sqlite(service: str, source: Path, folder: Path) -> DatabaseCopy:
    target, plain = folder / f"{service}.{SUFFIX['sqlite']}", folder / f".{service}.db"
    try:
        copy_sqlite(source, plain)
        with connected(f"sqlite:///{plain}", immutable=True) as connection:
            facts = _known(service, facts_of(connection))
        _pack(plain, target)
    finally:
        plain.unlink(missing_ok=True)
    return _copied("sqlite", target, facts)


def _copy_postgres(service: str, url: str, folder: Path) -> DatabaseCopy:
    target = folder / f"{service}.{SUFFIX['postgresql']}"
    with connected(url) as connection:
        # The facts and the dump use the same snapshot, so they are of one moment.
        snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        facts = _known(service, facts_of(connection))
        server = postgres_programs.server_major(connection)
        path = postgres_programs.program("pg_dump", server)
        words = ("--format=custom", "--no-owner", "--no-privileges")
        postgres_programs.run(path, url, *words, f"--snapshot={snapshot}", f"--file={target}")
    target.chmod(PRIVATE_MODE)
    sync_file(target)
    sync_folder(folder)
    return _copied("postgresql", target, facts, server)


def _copied(kind: str, target: Path, facts: Facts, server: int = 0) -> DatabaseCopy:
    return DatabaseCopy(
        file=target.name,
        kind="sqlite" if kind == "sqlite" else "postgresql",
        revision=facts.revisions.own,
        core_revision=facts.revisions.core,
        head=facts.head,
        oldest=facts.oldest,
        places=facts.places,
        server=server,
    )


def _known(service: str, facts: Facts | None) -> Facts:
    if facts is None:
        raise BackupError(
            f"{service}: 数据库是空的,服务还没有启动过 / "
            "the database is empty: the service has never run"
        )
    return facts


def _first_line(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).splitlines()[0]
