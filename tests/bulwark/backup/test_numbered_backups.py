"""A backup of the last release that numbered its migrations is restored, and goes on. P3."""

import json
import shutil
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bulwark.backup.backup import backup
from bulwark.backup.copies import Facts
from bulwark.backup.manifest import NAME, BackupError, Kind, checked, read_manifest
from bulwark.backup.rehearsal import rehearse
from bulwark.backup.restore import restore
from bulwark.doctor.databases import Seen, version
from bulwark.registry import SERVICES
from shared.clock.clock import VirtualClock
from shared.runtime.migrations import NUMBERED, Revisions, newest, revisions_in
from shared.writer.log import rows_from
from tests.bulwark.backup.numbered_backups import numbered_backup, numbered_database
from tests.support.backups import empty_place, quiet, source_of_node
from tests.support.harness import Node, PostgresServer

# An hour after it was made: what is due by then can be counted.
LATER = datetime.fromisoformat("2021-03-01T09:00:00+08:00")
AREA = "220581071101"
WAYS: Mapping[str, tuple[Kind, bool]] = {
    "file": ("sqlite", False),
    "server": ("postgresql", True),
    "file to server": ("sqlite", True),
}


@pytest.mark.requirement("P3")
@pytest.mark.parametrize("way", WAYS)
def test_site_goes_on_when_a_numbered_backup_was_restored(
    way: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    kind, on_server = WAYS[way]
    server: PostgresServer | None = request.getfixturevalue("postgres") if on_server else None
    # What a restore puts beside a backup does not belong among the tests.
    folder = Path(shutil.copytree(numbered_backup(kind), tmp_path / "backup"))
    place = empty_place(tmp_path / "data", server)
    manifest = restore(folder, place, keys=None, without_keys=True, show=quiet)
    node = Node(place.folder.path, server, clock=VirtualClock(LATER), urls=place.urls)
    node.start()
    try:
        body = {"area": AREA, "place_kind": "checkpoint", "temperature_c": 36.6}
        assert node.client("recorder", AREA).post("/intake/screenings", body).is_success
        node.settle()
        for name, copy in manifest.services.items():
            assert copy.revisions == Revisions(NUMBERED[name])
            database = node.runtime(name).database
            with database.reading() as session:
                assert revisions_in(session.connection()) == newest(SERVICES[name])
                found = rows_from(session.connection(), 1, copy.head)
            assert found == logged_by(name, copy.kind, tmp_path, request)
            assert len(found) == copy.head
            assert node.dead(name) == []
        made = backup(source_of_node(node), tmp_path / "next", node.clock, keys=None, show=quiet)
        assert {name: copy.revisions for name, copy in made.services.items()} == {
            name: newest(service) for name, service in SERVICES.items()
        }
        assert read_manifest(tmp_path / "next") == made
        assert rehearse(tmp_path / "next", source_of_node(node), node.clock).ok
    finally:
        node.stop()


def logged_by(name: str, kind: Kind, folder: Path, request: pytest.FixtureRequest) -> object:
    """The log in the backup, read without migrating."""
    url = f"sqlite:///{folder}/kept-{name}.db"
    if kind == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        url = server.new_database()
    database = numbered_database(name, url)
    with database.reading() as session:
        head = session.execute(text("SELECT sequence FROM log_head")).scalar_one()
        found = rows_from(session.connection(), 1, head)
    database.close()
    return found


def test_backup_is_refused_when_no_migration_leads_on_from_it(tmp_path: Path) -> None:
    older = Path(shutil.copytree(numbered_backup("sqlite"), tmp_path / "older"))
    manifest = json.loads((older / NAME).read_text())
    manifest["services"]["alerts"]["revision"] = "0005"
    (older / NAME).write_text(json.dumps(manifest))
    place = empty_place(tmp_path / "data", None)
    with pytest.raises(BackupError, match="too old"):
        restore(older, place, keys=None, without_keys=True, show=quiet)
    assert not place.folder.path.exists()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_rehearsal_succeeds_when_the_backup_is_numbered(
    kind: Kind, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    server = request.getfixturevalue("postgres") if kind == "postgresql" else None
    folder = Path(shutil.copytree(numbered_backup(kind), tmp_path / "backup"))
    place = empty_place(tmp_path / "data", server)
    done = rehearse(folder, place, VirtualClock(LATER + timedelta(days=1)))
    assert done.ok, done.error
    assert set(done.how) == set(checked(folder).services)


@pytest.mark.parametrize(
    ("found", "ok", "words"),
    [
        (Revisions(NUMBERED["alerts"]), True, "migrated"),
        (Revisions("0005"), False, "too old"),
        (Revisions("299912312359", newest(SERVICES["alerts"]).core), False, "newer"),
        (Revisions(newest(SERVICES["alerts"]).own, "299912312359"), False, "newer"),
        (newest(SERVICES["alerts"]), True, "the current one"),
    ],
    ids=str,
)
def test_doctor_says_what_a_database_is_to_this_program(
    found: Revisions, ok: bool, words: str
) -> None:
    finding = version("alerts", Seen(Facts(found, 12, 1, {})))
    assert finding.ok is ok
    assert words in finding.words.en
    assert str(found) in finding.words.zh
