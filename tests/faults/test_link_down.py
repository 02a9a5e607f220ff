"""The way from the services to broker and database: the link down, slow, connections reset."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.faults.namespace import Namespace, namespace
from tests.faults.proxy import Proxy
from tests.faults.site import Site
from tests.faults.standing import SERVICES
from tests.faults.table import Fault
from tests.support.harness import PostgresServer, eventually

pytestmark = pytest.mark.long

CUT_SECONDS = 60.0
# Of callers, when the link is cut.
MOST_UNDER_WAY = 200
DELAY_SECONDS = 0.5


class Far:
    """A site whose services live in a namespace, and the lines from there to their servers."""

    def __init__(self, space: Namespace, site: Site) -> None:
        self.space = space
        self.site = site
        self.to_broker = Proxy(site.broker.port, space.servers)
        self.to_database = None if site.is_sqlite else Proxy(_socket(site), space.servers)
        ways = {"BULWARK_NATS_URL": self.to_broker.url}
        if self.to_database is not None:
            ways |= {
                f"BULWARK_{name.upper()}_DATABASE_URL": self._database(name, self.to_database)
                for name in SERVICES
            }
        # Nothing is accepted while the database is away.
        site.patience_seconds = 60 + 2 * CUT_SECONDS
        site.live_at(space.host, space.entering, **ways)

    def _database(self, service: str, line: Proxy) -> str:
        known = conninfo_to_dict(self.site.urls[service])
        return f"postgresql://{known['user']}@{self.space.servers}:{line.port}/{known['dbname']}"

    @property
    def lines(self) -> list[Proxy]:
        """Those that there are."""
        return [line for line in (self.to_broker, self.to_database) if line is not None]


def _socket(site: Site) -> Path:
    return Path(str(conninfo_to_dict(site.urls["intake"])["host"])) / ".s.PGSQL.5432"


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def far(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Far]:
    """A running site in a namespace of its own, on each of the databases."""
    postgres: PostgresServer | None = None
    if request.param == "postgres":
        postgres = request.getfixturevalue("postgres")
    with namespace() as space, ExitStack() as ends:
        found = Far(space, Site(tmp_path_factory.mktemp("site"), postgres))
        for line in found.lines:
            line.start()
            ends.callback(line.stop)
        with found.site:
            yield found


@pytest.fixture(scope="module")
def site(far: Far) -> Site:
    """The site."""
    return far.site


def test_all_catches_up_when_the_link_was_down(far: Far, site: Site, fault: Fault) -> None:
    """Network link to broker and database down for 60 s, then up, under load."""
    with site.load(seed=113):
        site.wait_for_records(200)
        far.space.cut()
        fault.times += 1
        head = site.head("intake")
        site.linger(CUT_SECONDS)
        if site.is_sqlite:
            # Accepted all the while, and read by nobody.
            site.wait_for_records(200)
            assert not site.all_have_read(site.head("intake"))
        else:
            # What was under way when the link was cut, and nothing after it.
            assert site.head("intake") <= head + MOST_UNDER_WAY
        far.space.mend()
        with fault.recovering():
            site.wait_for_records(1)
            site.wait_until_all_is_read()
    site.check()


def test_all_is_exact_when_the_ways_to_both_are_slow(far: Far, site: Site, fault: Fault) -> None:
    """Network to broker and database with 500 ms of delay each way, under load."""
    with site.load(seed=115):
        site.wait_for_records(100)
        for line in far.lines:
            line.slow(DELAY_SECONDS)
        fault.times += 1
        begun = site.head("intake")
        site.linger(CUT_SECONDS)
        # Slow, and yet at work.
        eventually(lambda: site.all_have_read(begun))
        site.wait_for_records(1)
        for line in far.lines:
            line.slow(0)
        with fault.recovering():
            site.wait_until_all_is_read()
    site.check()


def test_all_is_exact_when_connections_of_both_are_reset(
    far: Far, site: Site, rounds: int, fault: Fault
) -> None:
    """Connections to the broker and to the database reset, under load."""
    dice = Random(114)
    with site.load(seed=114):
        for _ in range(2 * rounds):
            site.wait_for_records(dice.randrange(20, 200))
            dice.choice(far.lines).reset()
            fault.times += 1
            with fault.recovering():
                site.wait_for_records(1)
                site.wait_until_all_is_read()
    site.check()
