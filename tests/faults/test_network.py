"""The network between services and broker: cut, slow, reset."""

from collections.abc import Iterator

import pytest

from tests.faults.proxy import Proxy
from tests.faults.site import Site
from tests.faults.table import Fault
from tests.support.harness import PostgresServer

pytestmark = pytest.mark.long

CUT_SECONDS = 60.0
DELAY_SECONDS = 0.5
PAUSE_SECONDS = 0.25


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def line_and_site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Proxy, Site]]:
    """A site, and the line between its services and its broker."""
    postgres: PostgresServer | None = None
    if request.param == "postgres":
        postgres = request.getfixturevalue("postgres")
    site = Site(tmp_path_factory.mktemp("site"), postgres)
    line = Proxy(site.broker.port)
    line.start()
    site.reach(BULWARK_NATS_URL=line.url)
    try:
        site.start()
        yield line, site
    finally:
        site.stop()
        line.stop()


@pytest.fixture(scope="module")
def line(line_and_site: tuple[Proxy, Site]) -> Proxy:
    """The line to the broker."""
    return line_and_site[0]


@pytest.fixture(scope="module")
def site(line_and_site: tuple[Proxy, Site]) -> Site:
    """The site behind it."""
    return line_and_site[1]


def test_all_catches_up_when_the_network_was_cut(site: Site, line: Proxy, fault: Fault) -> None:
    """Network cut for 60 s and restored, under load."""
    with site.load(seed=110):
        site.wait_for_records(200)
        line.cut()
        fault.times += 1
        site.linger(CUT_SECONDS)
        # Accepted all the while, and read by nobody.
        site.wait_for_records(200)
        assert not site.all_have_read(site.head("intake"))
        line.mend()
        with fault.recovering():
            site.wait_until_all_is_read()
    site.check()


def test_all_is_exact_when_the_network_is_slow(site: Site, line: Proxy, fault: Fault) -> None:
    """Network with 500 ms of delay each way, under load."""
    # As much as passes in a second: a batch is on its way for that long, there and back.
    with site.load(seed=111, pause_seconds=PAUSE_SECONDS):
        site.wait_for_records(100)
        line.slow(DELAY_SECONDS)
        fault.times += 1
        try:
            site.linger(CUT_SECONDS)
            with fault.recovering():
                site.wait_until_all_is_read()
        finally:
            line.slow(0)
    site.check()


def test_all_is_exact_when_connections_are_reset(
    site: Site, line: Proxy, rounds: int, fault: Fault
) -> None:
    """Connections to the broker reset, under load."""
    with site.load(seed=112):
        for _ in range(2 * rounds):
            site.wait_for_records(150)
            line.reset()
            fault.times += 1
            with fault.recovering():
                site.wait_until_all_is_read()
    site.check()
