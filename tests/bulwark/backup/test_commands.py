"""The commands of upkeep as county IT uses them. P3."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bulwark.backup.record import Record, read_record
from bulwark.data_folder import Folder
from bulwark.registry import SERVICES
from shared.clock.clock import RealClock
from shared.database.engine import Database
from shared.runtime.clock_check import clocks
from shared.security.audit import entries
from tests.support.command import Up, bulwark, up
from tests.support.harness import PATIENCE, eventually


def one_line(ended: subprocess.CompletedProcess[str]) -> str:
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert len(ended.stderr.splitlines()) == 1, ended.stderr
    return ended.stderr


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Up:
    """An instance that missed two nights, and has made up for it; ended again."""
    data = tmp_path_factory.mktemp("site") / "data"
    long_ago = RealClock().now() - timedelta(days=2)
    folder = Folder(data)
    folder.prepare()
    Record(finished_at=long_ago, path="gone").write(data / "backups")
    with up(data) as site:
        site.wait_ready()
        eventually(lambda: read_record(data / "backups").finished_at != long_ago)
        looked = bulwark("doctor", "--data", str(data))
        assert looked.returncode == 0, looked.stdout + looked.stderr
        made = bulwark(
            "backup", str(data.parent / "b"), "--keys", str(data.parent / "k"), "--data", str(data)
        )
        assert made.returncode == 0, made.stderr
        assert "keys" in made.stdout
        assert site.interrupt() == 0
    return site


@pytest.mark.requirement("P3")
def test_missed_backup_is_made_and_rehearsed_when_an_instance_is_up_again(running: Up) -> None:
    # By hand another one was made since; the night's is the one in the folder.
    (folder,) = [path for path in (running.data / "backups").iterdir() if path.is_dir()]
    assert (folder / "manifest.json").exists()
    said = json.loads((running.data / "backups" / "last.json").read_text())
    assert said["path"] == str(running.data.parent / "b")
    assert said["keys"] is True


def clocks_believed(site: Up) -> list[int]:
    """How many machines' clocks each service knows."""
    found = []
    for name in SERVICES:
        database = Database(f"sqlite:///{site.data}/db/{name}.db")
        with database.reading() as session:
            query = select(func.count()).select_from(clocks)
            found.append(session.execute(query).scalar_one())
        database.close()
    return found


def acts_of(site: Up) -> list[str]:
    """What rollup's audit log says was done."""
    database = Database(f"sqlite:///{site.data}/db/rollup.db")
    with database.reading() as session:
        found = session.execute(select(entries.c.action)).scalars().all()
    database.close()
    return list(found)


def test_clock_is_forgotten_when_a_person_says_that_it_is_right_now(running: Up) -> None:
    assert clocks_believed(running) == [1, 1, 1, 1]
    refused = bulwark("trust-clock", "--data", str(running.data), typed="n\n")
    assert refused.returncode == 1
    assert clocks_believed(running) == [1, 1, 1, 1]
    trusted = bulwark("trust-clock", "--data", str(running.data), typed="y\n")
    assert trusted.returncode == 0, trusted.stderr
    assert clocks_believed(running) == [0, 0, 0, 0]
    assert "clock.trust" in acts_of(running)


@pytest.mark.requirement("P3")
def test_site_is_up_again_when_its_backup_was_restored_elsewhere(running: Up) -> None:
    base = running.data.parent
    elsewhere = base / "elsewhere"
    asked = bulwark("restore", str(base / "b"), "--data", str(elsewhere))
    assert "--keys" in one_line(asked)
    assert not elsewhere.exists()
    put = bulwark("restore", str(base / "b"), "--keys", str(base / "k"), "--data", str(elsewhere))
    assert put.returncode == 0, put.stderr
    with up(elsewhere) as site:
        site.wait_ready()
        assert (elsewhere / "keys" / "tokens.key").read_bytes() == (
            running.data / "keys" / "tokens.key"
        ).read_bytes()
        assert bulwark("doctor", "--data", str(elsewhere)).returncode == 0


def test_warning_is_said_when_the_keys_are_not_copied(running: Up, tmp_path: Path) -> None:
    made = bulwark("backup", str(tmp_path / "b"), "--data", str(running.data))
    assert made.returncode == 0
    assert "NOTE: the keys are not in this backup" in made.stderr


def test_one_line_is_said_when_there_is_nothing_to_back_up(running: Up, tmp_path: Path) -> None:
    Folder(tmp_path / "new").prepare()
    for command in (
        ("backup", str(tmp_path / "b"), "--data", str(tmp_path / "new")),
        ("restore", str(tmp_path), "--data", str(tmp_path / "empty")),
        ("doctor", "--data", str(tmp_path / "typo")),
        ("replay", "--policy", "2031-01", "--data", str(running.data)),
    ):
        one_line(bulwark(*command))
    assert not (tmp_path / "typo").exists()


def test_nightly_makes_one_and_ends_when_it_is_told_to(running: Up, tmp_path: Path) -> None:
    nights = tmp_path / "nights"
    long_ago = RealClock().now() - timedelta(days=2)
    Record(finished_at=long_ago, path="gone").write(nights)
    process = subprocess.Popen(
        [sys.executable, "-m", "bulwark", "backup", "--nightly", str(nights)],
        env={**os.environ, "BULWARK_DATA": str(running.data)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        eventually(lambda: read_record(nights).finished_at != long_ago)
    finally:
        process.terminate()
    assert process.wait(PATIENCE) == 0
    record = read_record(nights)
    assert record.rehearsal is not None
    assert record.rehearsal.ok
    # Monitoring finds it in the data folder, wherever the backups lie.
    assert read_record(running.data / "backups").path == record.path
