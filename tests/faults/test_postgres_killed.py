"""PostgreSQL is killed under load: what was accepted is there when it is back."""

from collections.abc import Iterator
from random import Random

import pytest

from tests.faults.site import Site
from tests.faults.standing import SERVICES
from tests.faults.table import Fault
from tests.support.harness import PostgresServer, start_postgres


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A PostgreSQL that nobody else uses."""
    server = start_postgres(tmp_path_factory.getbasetemp())
    yield server
    server.stop()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, server: PostgresServer) -> Iterator[Site]:
    """A site on it."""
    with Site(tmp_path_factory.mktemp("site"), server) as site:
        yield site


def test_nothing_is_lost_when_postgresql_is_killed_under_load(
    site: Site, server: PostgresServer, rounds: int, fault: Fault
) -> None:
    """kill -9 of PostgreSQL, at random moments under load."""
    fault.limit = 30.0
    dice = Random(31)
    with site.load(seed=31):
        for _ in range(rounds):
            site.wait_for_records(dice.randrange(50, 400))
            with fault.recovering():
                server.kill()
                fault.times += 1
                server.start_again()
                site.wait_for_records(1)
                for name in SERVICES:
                    site.wait_ready(name)
                site.wait_until_all_is_read()
    site.check()
