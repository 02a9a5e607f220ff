"""A full disk under PostgreSQL: 503 or accepted, never a false 2xx; all goes on with room again."""

import tempfile
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
from tests.faults.site import Site
from tests.faults.standing import SERVICES
from tests.faults.table import Fault
from tests.support.harness import PostgresServer, eventually, start_postgres

pytestmark = pytest.mark.long

# PostgreSQL keeps segments of 16 MB.
SMALL_MB, MORE_MB = 384, 128
LEFT_BYTES = 200 * 1024


@pytest.fixture(scope="module")
def disk() -> Iterator[SmallDisk]:
    """The small disk."""
    # Not below pytest's folder, which the server's user may not enter.
    with (
        tempfile.TemporaryDirectory(prefix="bulwark-disk-") as folder,
        small_disk(Path(folder) / "small", SMALL_MB) as disk,
    ):
        yield disk


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, disk: SmallDisk) -> Iterator[PostgresServer]:
    """A PostgreSQL on it."""
    server = start_postgres(tmp_path_factory.getbasetemp(), disk.path)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, server: PostgresServer) -> Iterator[Site]:
    """A site on that; all else lies elsewhere."""
    with Site(tmp_path_factory.mktemp("site"), server) as site:
        site.patience_seconds += FULL_SECONDS
        yield site


def test_nothing_accepted_is_lost_when_the_disk_of_postgresql_is_full(
    site: Site, server: PostgresServer, disk: SmallDisk, rounds: int, fault: Fault
) -> None:
    """Disk of PostgreSQL full, then room again."""
    site.post_some(500, seed=170)
    eventually(site.at_rest)
    for round_ in range(rounds // 3):
        disk.fill(LEFT_BYTES)
        fault.times += 1
        with site.load(seed=171 + round_):
            assert try_until_refused(site, disk) <= {REFUSED, STORED}
            disk.enlarge(MORE_MB)
            with fault.recovering():
                # It ends when its log has no room, and whoever watches over it starts it again.
                server.start_again()
                site.wait_for_records(100)
                for name in SERVICES:
                    site.wait_ready(name)
                site.wait_until_all_is_read()
    site.check()
