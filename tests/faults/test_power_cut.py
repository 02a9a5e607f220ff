"""A power cut of the disk: what was accepted is on it.

The disk is an ext4 in a file; a copy of the file while all stand still is what a cut leaves.
"""

import random
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest

from tests.faults.disks import LoopDisk, lay_on, loop_disk
from tests.faults.site import Site
from tests.faults.standing import SERVICES
from tests.faults.table import Fault
from tests.support.harness import eventually

pytestmark = pytest.mark.long

DISK_MB = 192
RECORDS = 200
ALWAYS = "sync_interval: always"


@pytest.fixture
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopDisk]:
    """An empty disk."""
    with loop_disk(tmp_path_factory.mktemp("disk"), DISK_MB) as disk:
        yield disk


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory, disk: LoopDisk) -> Iterator[Site]:
    """A site on files, with broker's store and databases on the disk; the test starts it."""
    site = Site(tmp_path_factory.mktemp("site"), None)
    lay_on(site, disk.path, "db", "broker/store")
    yield site
    site.stop()


def _cut_power(site: Site, disk: LoopDisk) -> tuple[set[str], float]:
    """Cut it; returns what was accepted, and how many messages the server had acknowledged."""
    acknowledged = site.metric("intake", "bulwark_relay_head")
    for process in (site.broker, *site.processes.values()):
        process.signal(signal.SIGSTOP)
    accepted = set(site.ledger.accepted)
    disk.note_what_is_left()
    for process in (site.broker, *site.processes.values()):
        process.kill()
    for database in site.databases.values():
        database.close()
    disk.cut_power()
    site.broker.start()
    return accepted, acknowledged


def test_nothing_is_lost_when_the_power_is_cut_under_load(
    site: Site, disk: LoopDisk, rounds: int, fault: Fault
) -> None:
    """Power cut of the disk of the broker and of SQLite's files, under load."""
    dice = random.Random(9)
    site.start()
    for round_ in range(rounds + 5):
        with site.load(seed=120 + round_):
            site.wait_for_records(dice.randrange(50, 500))
            accepted, acknowledged = _cut_power(site, disk)
            fault.times += 1
            site.broker.wait()
            assert accepted <= site.screenings_in("intake", "screening_recorded").keys()
            assert site.stream_end("intake") >= acknowledged
            with fault.recovering():
                for process in site.processes.values():
                    process.start()
                for name in SERVICES:
                    site.wait_ready(name)
                site.wait_until_all_is_read()
    site.check()


def _stands_at(site: Site) -> int:
    """Where intake's stream ends for a server that is well; nowhere for one that is not."""
    return site.stream_end("intake") if site.broker.healthy else -1


def test_a_power_cut_is_seen_when_the_broker_does_not_sync(site: Site, disk: LoopDisk) -> None:
    config = site.broker.store.parent / "nats.conf"
    config.write_text(config.read_text().replace(ALWAYS, "sync_interval: 2m"))
    site.start()
    site.post_some(2000, seed=150)
    eventually(site.at_rest)
    _, acknowledged = _cut_power(site, disk)
    assert acknowledged == 2000
    # Long enough for a server that has lost nothing to say so.
    site.linger(5)
    assert _stands_at(site) < acknowledged


def test_a_power_cut_is_seen_when_sqlite_does_not_sync(disk: LoopDisk) -> None:
    with ExitStack() as opened:
        # What syncs comes first: it might take with it what others wrote before.
        for synchronous in ("FULL", "OFF"):
            file = sqlite3.connect(disk.path / f"{synchronous}.db", isolation_level=None)
            opened.callback(file.close)
            file.execute("PRAGMA journal_mode=WAL")
            file.execute(f"PRAGMA synchronous={synchronous}")
            file.execute("CREATE TABLE records (id INTEGER PRIMARY KEY)")
            for id_ in range(RECORDS):
                file.execute("INSERT INTO records VALUES (?)", (id_,))
        disk.note_what_is_left()
    disk.cut_power()
    assert _records_in(disk.path / "FULL.db") == RECORDS
    assert _records_in(disk.path / "OFF.db") < RECORDS


def _records_in(path: Path) -> int:
    """How many are left; none in what is no database any more."""
    with closing(sqlite3.connect(path)) as file, suppress(sqlite3.DatabaseError):
        return int(file.execute("SELECT count(*) FROM records").fetchone()[0])
    return 0
