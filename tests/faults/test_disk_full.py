"""A full disk: 503 or accepted, never a false 2xx; all goes on when there is room again.

The broker's store lies on the small disk, and so do the databases where they are files. The site's
log files do not.
"""

from collections.abc import Iterator

import pytest

from tests.faults.disks import SmallDisk, lay_on, small_disk
from tests.faults.site import Site
from tests.faults.table import Fault
from tests.harness import PostgresServer, eventually

pytestmark = pytest.mark.long

SMALL_MB, MORE_MB = 48, 24
LEFT_BYTES = 200 * 1024
TRIES = 3
# What tells of a full disk: where files share it, whichever of the two it meets first.
ALARMS = "bulwark_relay_errors_total", "bulwark_transaction_retries_total"


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallDisk]:
    """The small disk."""
    with small_disk(tmp_path_factory.mktemp("disk") / "small", SMALL_MB) as disk:
        yield disk


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, disk: SmallDisk
) -> Iterator[Site]:
    """A site with all that grows on the small disk."""
    postgres: PostgresServer | None = None
    if request.param == "postgres":
        postgres = request.getfixturevalue("postgres")
    site = Site(tmp_path_factory.mktemp("site"), postgres)
    lay_on(site, disk.path / request.param, "db", "broker/store")
    try:
        site.start()
        yield site
    finally:
        site.stop()


def alarms(site: Site) -> float:
    """How often intake told of a failure to publish or to store."""
    return sum(site.metric("intake", name) for name in ALARMS)


def test_nothing_accepted_is_lost_when_the_disk_is_full_and_then_is_not(
    site: Site, disk: SmallDisk, rounds: int, fault: Fault
) -> None:
    """Disk full, then room again."""
    site.post_some(500, seed=90)
    eventually(site.at_rest)
    answers: set[int] = set()
    for round_ in range(rounds // 2):
        disk.fill(LEFT_BYTES)
        fault.times += 1
        before = alarms(site)
        with site.load(seed=91 + round_):
            eventually(lambda: alarms(site) > before, seconds=60)  # noqa: B023
            # A little room comes back whenever the broker gives a batch up.
            answers |= {site.try_one().status_code for _ in range(TRIES)}
            disk.enlarge(MORE_MB)
            with fault.recovering():
                # A server that could not write to a stream's file never tries that file again.
                site.broker.start_again_if_ill()
                wanted = len(site.ledger.accepted) + 100
                eventually(lambda: len(site.ledger.accepted) >= wanted, seconds=60)  # noqa: B023
                head = site.head("intake")
                eventually(lambda: site.stream_end("intake") >= head, seconds=60)  # noqa: B023
    # Databases that are files are full as well; others go on without the broker.
    assert answers in ({503}, {201, 503}) if site.is_sqlite else answers == {201}
    site.check()
