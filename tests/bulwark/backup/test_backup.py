"""A backup of a running site, and what is no backup. P3."""

import json
import shutil
import stat
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from bulwark.backup import backup as backups
from bulwark.backup import keys as key_copies
from bulwark.backup.backup import backup, record_backup
from bulwark.backup.manifest import NAME, BackupError, checked
from bulwark.backup.record import read_record, record_failure
from bulwark.backup.rehearsal import rehearse
from bulwark.backup.source import Source, readers_first
from shared.clock.clock import RealClock
from tests.bulwark.backup.conftest import Made
from tests.services.rollup.busy_day import AREAS
from tests.support.backups import quiet, source_of_node
from tests.support.harness import Node


@pytest.mark.requirement("P3")
def test_no_place_stands_beyond_its_log_when_all_is_read_between_the_copies(made: Made) -> None:
    services = made.manifest.services
    assert list(services) == readers_first() == ["rollup", "volunteers", "alerts", "intake"]
    assert list(made.manifest.places_beyond()) == []
    # It was a different moment for each: what was recorded meanwhile stands in the later ones.
    assert services["rollup"].places["intake"] < services["intake"].head
    assert services["alerts"].places["intake"] < services["intake"].head
    assert len(made.lines) == 4


def test_backup_is_refused_when_sources_are_copied_before_their_readers(
    node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backups, "readers_first", lambda: readers_first()[::-1])

    def busy_between(_line: str) -> None:
        body = {"area": AREAS[0], "place_kind": "checkpoint", "temperature_c": 38.8}
        assert node.client("recorder", AREAS[0]).post("/intake/screenings", body).is_success
        node.settle()

    source = source_of_node(node)
    with pytest.raises(BackupError, match="different moments"):
        backup(source, tmp_path / "b", RealClock(), show=busy_between)
    with pytest.raises(BackupError, match="not a complete backup"):
        checked(tmp_path / "b")


def test_rehearsal_succeeds_when_the_backup_is_whole(made: Made) -> None:
    found = rehearse(made.folder, made.source, RealClock())
    assert (found.ok, found.error) == (True, None)
    assert set(found.how.values()) == {"loaded"}
    assert not list(made.folder.parent.glob(".rehearsal-*"))


@pytest.mark.parametrize("damage", ["flipped", "missing", "cut"])
def test_damage_is_named_when_a_file_is_not_what_the_manifest_says(
    made: Made, tmp_path: Path, damage: str
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(made.folder, folder)
    file = folder / made.manifest.services["alerts"].file
    content = file.read_bytes()
    if damage == "missing":
        file.unlink()
    elif damage == "cut":
        file.write_bytes(content[:-1])
    else:
        file.write_bytes(content[:5000] + bytes([content[5000] ^ 1]) + content[5001:])
    with pytest.raises(BackupError, match=str(file)):
        checked(folder)
    found = rehearse(folder, made.source, RealClock())
    assert not found.ok
    assert str(file) in str(found.error)


def test_last_good_time_stays_when_a_rehearsal_fails(made: Made, tmp_path: Path) -> None:
    good = rehearse(made.folder, made.source, RealClock())
    record_backup(made.manifest, made.folder, None, good, {tmp_path})
    bad = good.model_copy(update={"ok": False, "error": "intake: damaged"})
    later = made.manifest.model_copy(update={"finished_at": RealClock().now()})
    record_backup(later, made.folder, None, bad, {tmp_path})
    record = read_record(tmp_path)
    assert record.finished_at == made.manifest.finished_at
    assert record.error == "intake: damaged"
    record_failure({tmp_path}, RealClock().now(), "no room")
    said = json.loads((tmp_path / "last.json").read_text())
    assert said["finished_at"] == made.manifest.finished_at.isoformat()
    assert said["error"] == "no room"


def test_unfinished_backup_is_none_when_its_manifest_is_missing(made: Made, tmp_path: Path) -> None:
    folder = tmp_path / "cut"
    shutil.copytree(made.folder, folder, ignore=shutil.ignore_patterns(NAME))
    with pytest.raises(BackupError, match="not a complete backup"):
        checked(folder)


def test_folder_is_refused_when_something_lies_in_it(made: Made) -> None:
    with pytest.raises(BackupError, match="empty folder"):
        backup(made.source, made.folder, RealClock(), show=quiet)


def test_keys_lie_apart_when_a_backup_is_made(made: Made) -> None:
    files = {file.name for file in made.folder.rglob("*") if file.is_file()}
    assert not files & {"people.db", "master.key", "tokens.key"}
    secrets = [
        (made.source.folder.keys / name).read_bytes() for name in ("master.key", "tokens.key")
    ]
    for file in made.folder.rglob("*"):
        if file.is_file():
            assert not any(secret in file.read_bytes() for secret in secrets)
    for file in (*made.folder.iterdir(), *made.keys.iterdir()):
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file
    assert key_copies.identity(made.keys) == made.manifest.keys


def test_copy_of_keys_is_the_latest_alone_when_a_person_is_erased(
    node: Node, made: Made, tmp_path: Path
) -> None:
    node.instance.site.vault.seal("person-to-forget", {"name": "王五"})
    keys = tmp_path / "keys"
    key_copies.copy_keys(made.source.folder.keys, keys, RealClock().now())
    wrapped = node.instance.site.vault._store.find(["person-to-forget"])["person-to-forget"]
    assert wrapped is not None
    assert wrapped in (keys / "people.db").read_bytes()
    node.instance.site.vault.destroy("person-to-forget")
    key_copies.copy_keys(made.source.folder.keys, keys, RealClock().now())
    assert not any(wrapped in file.read_bytes() for file in keys.iterdir())


def test_keys_of_another_instance_are_not_written_over(
    made: Made, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = made.source.folder.__class__(tmp_path / "other")
    other.prepare()
    site = other.site("test", RealClock())
    site.areas.close()
    site.vault.close()
    with pytest.raises(BackupError, match="another instance"):
        key_copies.copy_keys(other.keys, made.keys, RealClock().now())
    with pytest.raises(BackupError, match="instance's own"):
        key_copies.copy_keys(other.keys, other.keys, RealClock().now())


@pytest.mark.parametrize("program", ["missing", "old"])
def test_one_line_says_what_to_install_when_pg_dump_does_not_do(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    if made.postgres is None:
        assert {copy.server for copy in made.manifest.services.values()} == {0}
        return
    path = tmp_path / "bin"
    path.mkdir()
    if program == "old":
        (path / "pg_dump").write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n")
        (path / "pg_dump").chmod(0o755)
    monkeypatch.setenv("PATH", str(path))
    server = made.manifest.services["intake"].server
    with pytest.raises(BackupError, match=f"install postgresql-client-{server}") as refused:
        backup(made.source, tmp_path / "b", RealClock(), show=quiet)
    assert "\n" not in str(refused.value)


def test_dump_is_read_to_its_end_when_no_scratch_database_may_be_made(made: Made) -> None:
    if made.postgres is None:
        return
    with psycopg.connect(made.postgres.server.get_uri(), autocommit=True) as connection:
        connection.execute("CREATE ROLE bulwark_plain LOGIN")
    plain = {
        name: make_url(url).set(username="bulwark_plain").render_as_string(hide_password=False)
        for name, url in made.source.urls.items()
    }
    source = Source(made.source.folder, plain, made.source.settings)
    found = rehearse(made.folder, source, RealClock())
    assert (found.ok, found.error) == (True, None)
    assert set(found.how.values()) == {"read"}
