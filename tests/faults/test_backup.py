"""Databases of a backup: one alone is refused where others know more, all of one moment work."""

import shutil
from pathlib import Path

import pytest

from tests.faults.copies import copy, copy_all, put_back
from tests.faults.site import SERVICES, Site
from tests.faults.table import Fault
from tests.harness import eventually

pytestmark = pytest.mark.long

TAKES_NONE = "put the newer database back, or empty the broker's store"
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
    eventually(lambda: site.health(service).get("database_older_than_stream"), seconds=30)
    assert site.metric(service, "bulwark_stream_bad") == 1
    assert TAKES_NONE in site.said(service)
    # Neither a client nor what others write moves it.
    assert site.try_one().status_code == (503 if service == "intake" else 201)
    # Whoever has applied more than the log holds does not start.
    reader = site.processes["rollup"]
    reader.end()
    reader.start()
    eventually(lambda: not reader.running, seconds=60)
    assert reader.end() == 1
    assert OF_ONE_MOMENT in site.said("rollup")
    assert site.head(service) == older
    _restart_on(site, service, tmp_path / "newer")
    with fault.recovering():
        site.wait_ready(service)
        reader.start()
        site.wait_ready("rollup")
        eventually(site.at_rest, seconds=60)
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
        eventually(site.at_rest, seconds=60)
    site.check()


def test_site_goes_on_from_a_backup_when_all_of_it_is_of_one_moment(
    site: Site, tmp_path: Path, fault: Fault
) -> None:
    """A whole site restored from a backup made under load, on an empty broker."""
    with site.load(seed=84):
        site.wait_for_records(300)
        before = set(site.ledger.accepted)
        copy_all(site, tmp_path)
        site.wait_for_records(300)
    for process in site.processes.values():
        process.end()
    site.broker.end()
    shutil.rmtree(site.broker.store)
    for name in SERVICES:
        put_back(site, name, tmp_path)
    fault.times += 1
    with fault.recovering():
        site.start()
        eventually(site.at_rest, seconds=60)
    logged = site.screenings_in("intake", "screening_recorded").keys()
    assert before <= logged < site.ledger.accepted.keys()
    # What was accepted behind the backup is what a restore gives up.
    site.ledger.accepted = {id_: site.ledger.accepted[id_] for id_ in logged}
    site.post_some(300, seed=85)
    site.check()
