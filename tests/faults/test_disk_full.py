"""A full disk: 503 or accepted, never a false 2xx; all goes on when there is room again.

The site's folder lies on the small disk, with the broker's store and the databases where they are
files. What the processes write for people does not, nor does the ledger: it is a client's.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.disks import (
    FULL_SECONDS,
    REFUSED,
    STORED,
    SmallDisk,
    small_disk,
    try_until_refused,
)
from tests.faults.ledger import Ledger
from tests.faults.processes import ask
from tests.faults.site import Site
from tests.faults.table import Fault
from tests.support.harness import PostgresServer, eventually

pytestmark = pytest.mark.long

SMALL_MB, MORE_MB = 48, 24
LEFT_BYTES = 200 * 1024
# Of deploy/prometheus/rules/alerts.yml: DiskNearlyFull; and of RelayLag, that it rises.
NEARLY_FULL, LAGS_SECONDS = 0.1, 2.0


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
    # What a test before this one left on it, however it ended.
    disk.empty()
    site = Site(disk.path / request.param, postgres)
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    write_logs_elsewhere(site, elsewhere)
    site.ledger = Ledger(elsewhere / "ledger")
    site.patience_seconds += FULL_SECONDS
    try:
        site.start()
        yield site
    finally:
        site.stop()


def write_logs_elsewhere(site: Site, folder: Path) -> None:
    """Let what the processes of a site that has not started write for people lie in a folder."""
    site.broker.store.parent.joinpath("nats.log").symlink_to(folder / "nats.log")
    for service, port in site.ports.items():
        name = f"{service}-{port}.log"
        (site.folder.path / name).symlink_to(folder / name)


def is_nearly_full(site: Site) -> bool:
    """Whether intake's metrics tell of a disk that the alert is about."""
    url = f"http://127.0.0.1:{site.ports['intake']}/metrics"
    lines = ask(url).text.splitlines()
    told = dict(line.rsplit(" ", 1) for line in lines if line.startswith("bulwark_disk_"))
    free, size = (float(told[f"bulwark_disk_{what}_bytes"]) for what in ("free", "size"))
    return free / size < NEARLY_FULL


def answers_when_full(site: Site, disk: SmallDisk) -> set[int]:
    """How records are answered on a full disk, which the site's metrics must tell of."""
    eventually(lambda: is_nearly_full(site))
    if site.is_sqlite:
        return try_until_refused(site, disk)
    # Its databases have room: records wait there for the broker.
    lag = "bulwark_relay_lag_seconds"
    eventually(lambda: site.metric("intake", lag) > LAGS_SECONDS)
    return {site.try_one().status_code}


def test_nothing_accepted_is_lost_when_the_disk_is_full_and_then_is_not(
    site: Site, disk: SmallDisk, rounds: int, fault: Fault
) -> None:
    """Disk of the broker, and of the databases where they are files, full, then room again."""
    site.post_some(500, seed=90)
    eventually(site.at_rest)
    for round_ in range(rounds // 2):
        disk.fill(LEFT_BYTES)
        fault.times += 1
        with site.load(seed=91 + round_):
            answers = answers_when_full(site, disk)
            assert answers <= ({REFUSED, STORED} if site.is_sqlite else {STORED})
            disk.enlarge(MORE_MB)
            with fault.recovering():
                # A server that could not write to a stream's file never tries that file again.
                site.broker.start_again_if_ill()
                wanted = len(site.ledger.accepted) + 100
                eventually(lambda: len(site.ledger.accepted) >= wanted)  # noqa: B023
                head = site.head("intake")
                eventually(lambda: site.stream_end("intake") >= head)  # noqa: B023
    site.check()
