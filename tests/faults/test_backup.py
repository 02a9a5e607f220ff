"""Databases of a backup: one alone is refused where others know more, all of one moment work."""

from pathlib import Path

import pytest

from bulwark.backup.backup import backup
from bulwark.backup.rehearsal import rehearse
from bulwark.backup.source import Source
from bulwark.settings import Settings
from shared.clock.clock import RealClock
from tests.faults.copies import copy, put_back
from tests.faults.site import Site
from tests.faults.standing import SERVICES
from tests.faults.table import Fault
from tests.services.rollup.busy_day import fingerprint
from tests.support.harness import PostgresServer, eventually

pytestmark = pytest.mark.long

TAKES_NONE = "put the newer database back, or do what `bulwark doctor` says"
OF_ONE_MOMENT = "the databases are of different moments; restore all of one backup"


def _restart_on(site: Site, service: str, folder: Path) -> None:
    site.processes[service].end()
    put_back(site, service, folder)
    site.processes[service].start()


@pytest.mark.parametrize("service", ["intake", "alerts"])
def test_service_takes_no_change_when_its_database_is_older_than_its_stream(
    site: Site, service: str, tmp_path: Path, fault: Fault
) -> None:
    """A service's database restored from an older backup."""
    site.post_some(300, seed=80)
    eventually(site.at_rest)
    copy(site, service, tmp_path / "older")
    older = site.head(service)
    site.post_some(300, seed=81)
    eventually(site.at_rest)
    copy(site, service, tmp_path / "newer")
    assert site.head(service) > older
    _restart_on(site, service, tmp_path / "older")
    fault.times += 1
    eventually(lambda: site.health(service).get("database_older_than_stream"))
    assert site.metric(service, "bulwark_stream_bad") == 1
    assert TAKES_NONE in site.said(service)
    # Neither a client nor what others write moves it.
    assert site.try_one().status_code == (503 if service == "intake" else 201)
    # Whoever has applied more than the log holds does not start.
    reader = site.processes["rollup"]
    reader.end()
    reader.start()
    eventually(lambda: not reader.running)
    assert reader.end() == 1
    assert OF_ONE_MOMENT in site.said("rollup")
    assert site.head(service) == older
    _restart_on(site, service, tmp_path / "newer")
    with fault.recovering():
        site.wait_ready(service)
        reader.start()
        site.wait_ready("rollup")
        eventually(site.at_rest)
    assert site.metric(service, "bulwark_stream_bad") == 0
    site.check()


def test_reader_catches_up_when_its_database_is_an_older_one(
    site: Site, tmp_path: Path, fault: Fault
) -> None:
    """A reader's database restored from an older backup, its own log unchanged since."""
    site.post_some(300, seed=82)
    eventually(site.at_rest)
    copy(site, "rollup", tmp_path)
    site.post_some(700, seed=83)
    eventually(site.at_rest)
    _restart_on(site, "rollup", tmp_path)
    fault.times += 1
    with fault.recovering():
        site.wait_ready("rollup")
        eventually(site.at_rest)
    site.check()


def test_no_place_stands_beyond_its_log_when_backups_are_made_under_load(
    site: Site, tmp_path: Path, fault: Fault, rounds: int
) -> None:
    """Backups under load, services killed meanwhile; each restore rehearsed."""
    source = Source(site.folder, site.urls, Settings(data=site.folder.path))
    for number in range(rounds):
        with site.load(seed=90 + number):
            site.wait_for_records(60)
            victim = site.processes[SERVICES[number % len(SERVICES)]]
            if number % 3 == 0:
                victim.kill()
                victim.start()
            folder = tmp_path / str(number)
            manifest = backup(source, folder, RealClock(), show=lambda _line: None)
            fault.times += 1
        assert list(manifest.places_beyond()) == []
        found = rehearse(folder, source, RealClock())
        assert found.ok, found.error
        for name in SERVICES:
            site.wait_ready(name)
    with fault.recovering():
        eventually(site.at_rest)
    site.check()


def test_projections_are_equal_when_a_whole_site_was_restored_from_a_backup_under_load(
    site: Site, tmp_path: Path, fault: Fault, request: pytest.FixtureRequest
) -> None:
    """A whole site restored from a backup made under load, on another broker."""
    postgres: PostgresServer | None = None
    if not site.is_sqlite:
        postgres = request.getfixturevalue("postgres")
    with site.load(seed=84):
        site.wait_for_records(300)
        before = set(site.ledger.accepted)
        made = site.command("backup", str(tmp_path / "b"), "--keys", str(tmp_path / "k"))
        assert made.returncode == 0, made.stderr
        site.wait_for_records(300)
    other = Site(tmp_path / "other" / "data", postgres)
    fault.times += 1
    put = other.command("restore", str(tmp_path / "b"), "--keys", str(tmp_path / "k"))
    assert put.returncode == 0, put.stderr
    other.take_keys()
    with fault.recovering(), other:
        eventually(other.at_rest)
        logged = other.screenings_in("intake", "screening_recorded").keys()
        assert before <= logged < site.ledger.accepted.keys()
        # What was accepted behind the backup is what a restore gives up.
        other.ledger.enter({id_: site.ledger.accepted[id_] for id_ in logged})
        restored = fingerprint(other.databases["rollup"])
        other.processes["rollup"].end()
        other.begin_anew("rollup")
        other.processes["rollup"].start()
        other.wait_ready("rollup")
        eventually(other.at_rest)
        assert fingerprint(other.databases["rollup"]) == restored
        other.post_some(300, seed=85)
        other.check()
    site.lost, site.doubled = other.lost, other.doubled
