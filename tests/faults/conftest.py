"""Fault tests: `--faults=full` makes every one longer and more often."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.site import Site
from tests.harness import PostgresServer


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every fault on both databases."""
    if "site" in metafunc.fixturenames:
        metafunc.parametrize("site", ["sqlite", "postgres"], indirect=True)


@pytest.fixture(scope="session")
def rounds(request: pytest.FixtureRequest) -> int:
    """How often a fault is injected: thrice in the suite, more often in `make faults`."""
    return 15 if request.config.getoption("--faults") == "full" else 3


@pytest.fixture
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """A running site on one of the databases."""
    postgres: PostgresServer | None = None
    if request.param == "postgres":
        postgres = request.getfixturevalue("postgres")
    marker = request.node.get_closest_marker("max_age")
    age = float(marker.args[0]) if marker else 86400.0
    site = Site(tmp_path, postgres, max_age_seconds=age)
    try:
        site.start()
        yield site
    finally:
        site.stop()
