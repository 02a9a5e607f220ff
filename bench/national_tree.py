"""The national area tree: seconds to load it, microseconds to look an area up, memory it takes.

`python -m bench.national_tree` fetches the list into .cache/ and prints each number beside a bare
SQLite doing the same work in the same run.
"""

import csv
import os
import platform
import random
import resource
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

from shared.areas import Areas
from shared.areas_loading import load_areas
from tests_national.fetch import fetch

LOOK_UPS = 100_000
REPEATS = 51
LISTS = ("provinces.csv", "cities.csv", "areas.csv", "streets.csv", "villages.csv")


def main() -> None:
    villages = fetch()
    print(f"machine: {os.cpu_count()} cores, {platform.machine()}, Python "
          f"{platform.python_version()}, SQLite {sqlite3.sqlite_version}")  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path, bare_path = Path(folder) / "areas.db", Path(folder) / "bare.db"
        load = _seconds(lambda: load_areas(villages, path))
        bare_load = _seconds(lambda: _bare_load(villages, bare_path))
        megabytes = path.stat().st_size / 1e6
        print(f"load: {load:.2f} s, bare csv and INSERT {bare_load:.2f} s, "
              f"ratio {load / bare_load:.2f}; file {megabytes:.0f} MB")  # fmt: skip
        print(f"memory at the most while loading: {_peak_megabytes():.0f} MB")
        _look_ups(path, bare_path)


def _bare_load(villages: Path, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE areas (code TEXT PRIMARY KEY, name TEXT) WITHOUT ROWID")
        for name in LISTS:
            with villages.with_name(name).open(encoding="utf-8", newline="") as file:
                rows = csv.reader(file)
                next(rows)
                connection.executemany(
                    "INSERT INTO areas VALUES (?, ?)", ((row[0], row[1]) for row in rows)
                )


def _look_ups(path: Path, bare_path: Path) -> None:
    with closing(Areas.open(path)) as areas, closing(sqlite3.connect(bare_path)) as bare:
        codes = [code for root in areas.roots() for code in areas.communities(root.code)]
        spread = random.Random(1).choices(codes, k=LOOK_UPS)
        county = random.Random(1).choices(areas.communities("220581"), k=LOOK_UPS)

        def bare_get(code: str) -> None:
            bare.execute("SELECT name FROM areas WHERE code = ?", (code,)).fetchone()

        _microseconds(bare_get, spread)
        reference = _microseconds(bare_get, spread)
        print(f"bare SELECT, codes of the whole country: {reference:.1f} µs")
        for name, call, asked in (
            ("get, codes of the whole country", areas.get, spread),
            ("get, codes of one county", areas.get, county),
            ("full_name, codes of the whole country", areas.full_name, spread),
            ("full_name, codes of one county", areas.full_name, county),
        ):
            found = _microseconds(call, asked)
            print(f"{name}: {found:.1f} µs, ratio {found / reference:.2f}")
        for name, prefix in (("county", "220581"), ("province", "22")):
            found = _median_microseconds(partial(areas.communities, prefix))
            print(f"communities of a {name} ({len(areas.communities(prefix))}): {found:.0f} µs")
        print(
            f"reload_if_changed, unchanged: {_median_microseconds(areas.reload_if_changed):.1f} µs"
        )


def _seconds(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def _median_microseconds(call: Callable[[], object]) -> float:
    return statistics.median(_seconds(call) for _ in range(REPEATS)) * 1e6


def _microseconds(call: Callable[[str], object], codes: list[str]) -> float:
    begun = time.perf_counter()
    for code in codes:
        call(code)
    return (time.perf_counter() - begun) / len(codes) * 1e6


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
