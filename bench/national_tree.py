"""The national area tree: seconds to load it and to start with it, microseconds to look up.

The list is fetched once into .cache/ (npm is needed); without it one row says why.
"""

import csv
import random
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from bench.machine import described
from bench.results import Figure, Unmeasured, tell
from bench.sites import up
from bulwark.data_folder import Folder
from shared.areas.loading import load_areas
from shared.areas.tree import Areas
from tests.national.fetch import VILLAGES, FetchError, fetch

LOOK_UPS = 100_000
ROUNDS = 3
# What is left of no slower is noise.
NO_SLOWER = 1.1
LISTS = ("provinces.csv", "cities.csv", "areas.csv", "streets.csv", "villages.csv")


def main() -> None:
    print(f"national tree on {described()}")
    tell(measure())


def measure() -> Sequence[Figure | Unmeasured]:
    """Load, start and look-up; why not, when the national list cannot be had."""
    try:
        fetch()
    except FetchError as error:
        # What npm said of this machine and its network is for the terminal alone.
        print(f"national tree: {error}")
        return [Unmeasured("national tree", "the national list could not be fetched")]
    with tempfile.TemporaryDirectory(prefix="bulwark-bench-") as scratch:
        path, bare_path = Path(scratch) / "areas.db", Path(scratch) / "bare.db"
        loads = [_seconds(lambda: _load(path)) for _ in range(ROUNDS)]
        bare_loads = [_seconds(lambda: _bare_load(bare_path)) for _ in range(ROUNDS)]
        return [
            Figure(
                f"national tree: load (csv and INSERT alone {statistics.median(bare_loads):.1f} s)",
                statistics.median(loads),
                "s",
                reach=15,
            ),
            _start(Path(scratch), path),
            *_look_ups(path, bare_path),
        ]


def _start(scratch: Path, national: Path) -> Figure:
    county, country = Folder(scratch / "county"), Folder(scratch / "country")
    for folder in (county, country):
        folder.prepare()
    shutil.copy(national, country.areas)
    starts: dict[Path, list[float]] = {county.path: [], country.path: []}
    for _ in range(ROUNDS + 1):
        for path, found in starts.items():
            with up(path) as site:
                found.append(site.ready_seconds)
    # The first start of a folder makes its databases.
    one, all_of_it = (statistics.median(found[1:]) for found in starts.values())
    return Figure(
        "national tree: start until ready", all_of_it, "s", "with one county", one, NO_SLOWER
    )


def _load(path: Path) -> None:
    path.unlink(missing_ok=True)
    load_areas(VILLAGES, path)


def _bare_load(path: Path) -> None:
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE areas (code TEXT PRIMARY KEY, name TEXT) WITHOUT ROWID")
        for name in LISTS:
            with VILLAGES.with_name(name).open(encoding="utf-8", newline="") as file:
                rows = csv.reader(file)
                next(rows)
                connection.executemany(
                    "INSERT INTO areas VALUES (?, ?)", ((row[0], row[1]) for row in rows)
                )


def _look_ups(path: Path, bare_path: Path) -> list[Figure]:
    with closing(Areas.open(path)) as areas, closing(sqlite3.connect(bare_path)) as bare:
        codes = [code for root in areas.roots() for code in areas.communities(root.code)]
        spread = random.Random(1).choices(codes, k=LOOK_UPS)

        def bare_get(code: str) -> None:
            bare.execute("SELECT name FROM areas WHERE code = ?", (code,)).fetchone()

        reference = _microseconds(bare_get, spread)
        return [
            Figure(
                f"national tree: {what} (a bare SELECT {reference:.1f} µs)",
                _microseconds(call, spread),
                "µs",
                reach=50,
            )
            for what, call in (("look-up", areas.get), ("full name", areas.full_name))
        ]


def _microseconds(call: Callable[[str], object], codes: list[str]) -> float:
    def all_of_them() -> None:
        for code in codes:
            call(code)

    return statistics.median(_seconds(all_of_them) for _ in range(ROUNDS)) / len(codes) * 1e6


def _seconds(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
