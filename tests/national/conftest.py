"""The national tree, loaded once for all tests here."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.areas.loading import SHIPPED, LoadResult, load_areas
from shared.areas.tree import Areas
from tests.national.fetch import fetch


@dataclass(frozen=True, slots=True)
class National:
    """The tree, the file it lies in, and what its load answered."""

    areas: Areas
    path: Path
    villages: Path
    result: LoadResult


@pytest.fixture(scope="session")
def national(tmp_path_factory: pytest.TempPathFactory) -> Iterator[National]:
    """The whole list, loaded over the shipped county as a user would."""
    villages = fetch()
    path = tmp_path_factory.mktemp("national") / "areas.db"
    load_areas(SHIPPED, path)
    result = load_areas(villages, path)
    with closing(Areas.open(path)) as areas:
        yield National(areas, path, villages, result)
