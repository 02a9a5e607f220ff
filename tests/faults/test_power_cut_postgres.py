"""A power cut of PostgreSQL's disk: what was accepted is on it, and no stream is ahead of it."""

import random
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.faults.disks import LoopDisk, loop_disk
from tests.faults.site import Site
from tests.faults.standing import SERVICES
from tests.faults.table import Fault
from tests.support.harness import PATIENCE, PostgresServer, start_postgres

pytestmark = pytest.mark.long

# PostgreSQL keeps segments of 16 MB.
DISK_MB = 768


@pytest.fixture
def disk() -> Iterator[LoopDisk]:
    """An empty disk."""
    # Not below pytest's folder, which the server's user may not enter.
    with (
        tempfile.TemporaryDirectory(prefix="bulwark-disk-") as folder,
        loop_disk(Path(folder), DISK_MB) as disk,
    ):
        yield disk


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory, disk: LoopDisk) -> Iterator[PostgresServer]:
    """A PostgreSQL on it."""
    server = start_postgres(tmp_path_factory.getbasetemp(), disk.path)
    yield server
    server.stop()


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory, server: PostgresServer) -> Iterator[Site]:
    """A site on that; its broker's store lies elsewhere."""
    with Site(tmp_path_factory.mktemp("site"), server) as site:
        yield site


def _cut_power(site: Site, server: PostgresServer, disk: LoopDisk) -> set[str]:
    """Cut it; returns what was accepted."""
    for process in site.processes.values():
        process.signal(signal.SIGSTOP)
    frozen = server.freeze()
    accepted = set(site.ledger.accepted)
    disk.note_what_is_left()
    for process in (*site.processes.values(), *frozen):
        process.kill()
    psutil.wait_procs(frozen, timeout=PATIENCE)
    for database in site.databases.values():
        database.close()
    # A note of the wheel that is no part of PostgreSQL, and not synced.
    note = server.folder / "data" / ".handle_pids.json"
    noted = note.read_bytes()
    disk.cut_power()
    note.write_bytes(noted)
    return accepted


def test_nothing_is_lost_when_the_power_of_postgresql_is_cut_under_load(
    site: Site, server: PostgresServer, disk: LoopDisk, rounds: int, fault: Fault
) -> None:
    """Power cut of the disk of PostgreSQL, under load."""
    dice = random.Random(10)
    for round_ in range(rounds + 5):
        with site.load(seed=160 + round_):
            site.wait_for_records(dice.randrange(50, 500))
            accepted = _cut_power(site, server, disk)
            fault.times += 1
            with fault.recovering():
                server.start_again()
                for name in SERVICES:
                    assert site.stream_end(name) <= site.head(name)
                for process in site.processes.values():
                    process.start()
                for name in SERVICES:
                    site.wait_ready(name)
                site.wait_until_all_is_read()
            assert accepted <= site.screenings_in("intake", "screening_recorded").keys()
    site.check()
