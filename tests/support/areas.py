"""Made area trees for tests and benchmarks; province 99 does not exist, so that none is real."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

COUNTY = "990101"
TOWNSHIPS = range(100, 400)
COMMUNITIES_PER_TOWNSHIP = 200
COMMUNITIES = range(1, 1 + COMMUNITIES_PER_TOWNSHIP)


def generated_county(
    path: Path, communities: int, *, county: str = COUNTY, grids_per_community: int = 0
) -> Path:
    """Write the CSV of a county with so many communities, its province and its city; the path.

    Codes follow the statistical ones: towns and townships 100 to 399, communities from 001, at
    most 200 a township, grids from 001. Raises ValueError beyond 60,000 communities.
    """
    if not 1 <= communities <= len(TOWNSHIPS) * COMMUNITIES_PER_TOWNSHIP:
        raise ValueError(f"a generated county has 1 to 60,000 communities, not {communities}")
    return write_areas(path, _rows(communities, county, grids_per_community))


def write_areas(path: Path, rows: Iterable[tuple[str, str]], encoding: str = "utf-8") -> Path:
    """Write rows of code and name as a CSV with its header; the path."""
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("code", "name"))
        writer.writerows(rows)
    return path


def _rows(communities: int, county: str, grids: int) -> Iterator[tuple[str, str]]:
    yield county[:2], "测试省"
    yield county[:4], "测试市"
    yield county, "测试县"
    for index in range(communities):
        township_index, within_township = divmod(index, COMMUNITIES_PER_TOWNSHIP)
        township = f"{county}{TOWNSHIPS[township_index]:03d}"
        if within_township == 0:
            yield township, f"第{township_index + 1}镇"
        community = f"{township}{COMMUNITIES[within_township]:03d}"
        yield community, f"第{index + 1}社区"
        for grid in range(1, grids + 1):
            yield f"{community}{grid:03d}", f"第{grid}网格"
