"""Fault tests: `--faults=full` makes every one longer and more often."""

from collections.abc import Iterator

import pytest

from tests.faults.site import Site
from tests.harness import PostgresServer


@pytest.fixture(scope="session")
def rounds(request: pytest.FixtureRequest) -> int:
    """How often a fault is injected: twice in the suite, more often in `make faults`."""
    return 15 if request.config.getoption("--faults") == "full" else 2


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A running site on each of the databases; the tests of a module damage it one after another.

    `MAX_AGE_SECONDS` of the module says how long its streams keep messages.
    """
    postgres: PostgresServer | None = None
    if request.param == "postgres":
        postgres = request.getfixturevalue("postgres")
    age = getattr(request.module, "MAX_AGE_SECONDS", 86400.0)
    site = Site(tmp_path_factory.mktemp("site"), postgres, max_age_seconds=age)
    try:
        site.start()
        yield site
    finally:
        site.stop()
