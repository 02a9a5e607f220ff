"""The administrative area tree (行政区划): its codes, and its names in a read-only file, areas.db.

A code is the statistical code (统计用区划代码) [NBS23], with two or three digits more a level:
province (省) 2, city (市) 4, county (县) 6, township or street (乡镇、街道) 9, community or village
(村、居) 12, grid (网格) 15 [MCA9, PREC21]. Pure functions answer what the code alone determines,
`Areas` what needs the tree. The tree is written by `shared.areas.loading`, which always replaces
the whole file. A1.
"""

import re
import sqlite3
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Final

FORMAT: Final = 1
CACHED_AREAS: Final = 8_192
CACHE_KIB_PER_THREAD: Final = 256

_AREAS_UNDER: Final = """
    SELECT code, name FROM areas WHERE length(code) = ? AND code >= ? AND code < ? ORDER BY code"""
_CODES_UNDER: Final = """
    SELECT code FROM areas WHERE length(code) = ? AND code >= ? AND code < ? ORDER BY code"""
_NEXT_CODES: Final = """
    SELECT code FROM areas WHERE length(code) = ? AND code > ? ORDER BY code LIMIT ?"""
_AFTER_DIGITS: Final = ":"
_PLACEHOLDER: Final = re.compile(r"市辖区|县|(省|自治区)直辖县级行政区划|.*直辖村级区划")


class Level(StrEnum):
    """A level of the tree, from the widest to the narrowest."""

    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"
    TOWNSHIP = "township"
    COMMUNITY = "community"
    GRID = "grid"

    @property
    def digits(self) -> int:
        """The length of this level's codes: 2, 4, 6, 9, 12 or 15."""
        return _DIGITS[self]


_DIGITS: Final = {
    Level.PROVINCE: 2,
    Level.CITY: 4,
    Level.COUNTY: 6,
    Level.TOWNSHIP: 9,
    Level.COMMUNITY: 12,
    Level.GRID: 15,
}
_LEVELS: Final = {digits: level for level, digits in _DIGITS.items()}
_PARENT_DIGITS: Final = {4: 2, 6: 4, 9: 6, 12: 9, 15: 12}


class UnknownArea(LookupError):
    """A code is not in the loaded tree, or is no code at all; `code` is the text asked for."""

    def __init__(self, code: str) -> None:
        shown = repr(code[:20])
        super().__init__(f"区划树中没有代码 {shown} / area {shown} is not in the loaded tree")
        self.code = code


def is_code(text: str) -> bool:
    """Whether the text has the form of an area code: 2, 4, 6, 9, 12 or 15 ASCII digits."""
    return len(text) in _LEVELS and text.isascii() and text.isdigit()


def level_of(code: str) -> Level:
    """The level of a code; raises ValueError for a text that is no code."""
    if not is_code(code):
        raise ValueError(f"{code!r} is not an area code: 2, 4, 6, 9, 12 or 15 digits are")
    return _LEVELS[len(code)]


def parent_of(code: str) -> str | None:
    """The code one level up, None for a province; raises ValueError as `level_of`."""
    digits = _PARENT_DIGITS.get(level_of(code).digits)
    return None if digits is None else code[:digits]


def ancestors(code: str) -> tuple[str, ...]:
    """The codes from the province down to the code itself; raises ValueError as `level_of`."""
    own = level_of(code).digits
    return tuple(code[:digits] for digits in _LEVELS if digits <= own)


def within(code: str, prefix: str) -> bool:
    """Whether the area is `prefix` or lies in it; False when either is no area code."""
    return code.startswith(prefix) and is_code(code) and len(prefix) in _LEVELS


def cut(code: str, level: Level) -> str | None:
    """The code's ancestor at a level, or the code itself; None when the code is above that level.

    Raises ValueError as `level_of`.
    """
    return code[: level.digits] if level_of(code).digits >= level.digits else None


@dataclass(frozen=True, slots=True)
class Area:
    """One area of the tree: its code and its own name (not the full one)."""

    code: str
    name: str

    @property
    def level(self) -> Level:
        """The level of its code."""
        return level_of(self.code)

    @property
    def parent(self) -> str | None:
        """The code one level up, None for a province; it may lie above the loaded tree."""
        return parent_of(self.code)


class _Reader:
    """A thread's connection, closed when the thread has ended or the file was replaced.

    A bare connection would stay open until the cycle collector runs, as its statement cache
    refers back to it.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        # With forty threads SQLite's default of 2 MB each would cost more than the tree.
        self.connection.execute(f"PRAGMA cache_size = -{CACHE_KIB_PER_THREAD}")

    def __del__(self) -> None:
        self.connection.close()


class _File:
    """One version of areas.db, read by each thread through a connection of its own.

    The file never changes (a load replaces it), so SQLite opens it as immutable, without locks.
    """

    def __init__(self, path: Path) -> None:
        self.stamp = _stamp(path)
        self._uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        self._own = threading.local()
        self._all: weakref.WeakSet[_Reader] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._closed = False
        self._check(path)

    def rows(self, sql: str, *values: str | int) -> list[tuple[str, ...]]:
        """The rows of a query."""
        return self._connection().execute(sql, values).fetchall()

    def close(self) -> None:
        """Close every thread's connection; may be called twice."""
        with self._lock:
            self._closed = True
            for reader in list(self._all):
                reader.connection.close()

    def _connection(self) -> sqlite3.Connection:
        if self._closed:
            raise ValueError("the area tree is closed")
        reader: _Reader | None = getattr(self._own, "reader", None)
        if reader is None:
            connection = sqlite3.connect(self._uri, uri=True, check_same_thread=False)
            reader = self._own.reader = _Reader(connection)
            with self._lock:
                self._all.add(reader)
        return reader.connection

    def _check(self, path: Path) -> None:
        try:
            found = self._connection().execute("PRAGMA user_version").fetchone()[0]
        except sqlite3.DatabaseError:
            found = None
        if found != FORMAT:
            self.close()
            raise ValueError(f"{path} 不是本版本的区划文件 / is not an area file of this release")


def _stamp(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_mtime_ns, status.st_size


class _Tree:
    """One version of the tree, with a cache of the areas asked for last."""

    def __init__(self, path: Path) -> None:
        file = _File(path)
        self.file = file

        def read(code: str) -> Area | None:
            rows = file.rows("SELECT name FROM areas WHERE code = ?", code)
            return Area(code, rows[0][0]) if rows else None

        self.find: Callable[[str], Area | None] = lru_cache(maxsize=CACHED_AREAS)(read)


class Areas:
    """The loaded tree, read from areas.db on demand; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tree = _Tree(path)

    @classmethod
    def open(cls, path: Path) -> "Areas":
        """Open the tree in a file.

        Raises FileNotFoundError when it is absent, ValueError when it is not an areas.db.
        """
        return cls(path)

    def reload_if_changed(self) -> bool:
        """Open the file again if a load has replaced it; returns whether one had.

        Costs one `stat`. The tree stays as it is while the file is absent, and when the new file
        is not an areas.db; then ValueError is raised.
        """
        try:
            if _stamp(self._path) == self._tree.file.stamp:
                return False
            # Other threads finish with the old file, which is closed with its last reader.
            self._tree = _Tree(self._path)
        except FileNotFoundError:
            return False
        return True

    def close(self) -> None:
        """Close the file; afterwards areas that are not cached raise ValueError."""
        self._tree.file.close()

    def get(self, code: str) -> Area:
        """The area of a code; raises UnknownArea."""
        area = self._find(code)
        if area is None:
            raise UnknownArea(code)
        return area

    def exists(self, code: str) -> bool:
        """Whether the tree has this code."""
        return self._find(code) is not None

    def name(self, code: str) -> str:
        """The area's own name, as 光明街道; raises UnknownArea."""
        return self.get(code).name

    def full_name(self, code: str) -> str:
        """The names from the top down, as 吉林省通化市梅河口市光明街道; raises UnknownArea.

        It leaves out areas that exist for statistics only (市辖区, 省直辖县级行政区划,
        …直辖村级区划), except the area itself, and a name that only repeats the one above it.
        """
        names: list[str] = []
        own = self.get(code)
        for above in ancestors(code)[:-1]:
            area = self._tree.find(above)
            if area and area.name not in names[-1:] and not _PLACEHOLDER.fullmatch(area.name):
                names.append(area.name)
        return "".join(names if own.name in names[-1:] else [*names, own.name])

    def children(self, code: str) -> list[Area]:
        """The areas one level down, in the order of their codes; raises UnknownArea."""
        below = [digits for digits in _LEVELS if digits > len(self.get(code).code)]
        return self.under(code, _LEVELS[below[0]]) if below else []

    def under(self, prefix: str, level: Level) -> list[Area]:
        """The loaded areas of a level that are `prefix` or lie in it, in the order of their codes.

        The prefix itself need not be loaded; raises UnknownArea when it is no area code.
        """
        return [Area(code, name) for code, name in self._range(_AREAS_UNDER, prefix, level)]

    def communities(self, prefix: str) -> list[str]:
        """The codes of the communities that are `prefix` or lie in it, in order; as `under`."""
        return [row[0] for row in self._range(_CODES_UNDER, prefix, Level.COMMUNITY)]

    def communities_after(self, code: str, limit: int) -> list[str]:
        """The next codes of communities after a code (empty: from the first), in order."""
        level = Level.COMMUNITY.digits
        return [row[0] for row in self._tree.file.rows(_NEXT_CODES, level, code, limit)]

    def count(self) -> int:
        """How many areas of all levels are loaded."""
        return int(self._tree.file.rows("SELECT count(*) FROM areas")[0][0])

    def roots(self) -> list[Area]:
        """The areas with no loaded area above them: provinces, or a city or county on its own."""
        tops = [
            Area(code, name)
            for level in (Level.PROVINCE, Level.CITY, Level.COUNTY)
            for code, name in self._tree.file.rows(
                "SELECT code, name FROM areas WHERE length(code) = ?", level.digits
            )
        ]
        loaded = {area.code for area in tops}
        return sorted(
            (area for area in tops if not loaded.intersection(ancestors(area.code)[:-1])),
            key=lambda area: area.code,
        )

    def _find(self, code: str) -> Area | None:
        return self._tree.find(code) if is_code(code) else None

    def _range(self, sql: str, prefix: str, level: Level) -> list[tuple[str, ...]]:
        if not is_code(prefix):
            raise UnknownArea(prefix)
        return self._tree.file.rows(sql, level.digits, prefix, prefix + _AFTER_DIGITS)
