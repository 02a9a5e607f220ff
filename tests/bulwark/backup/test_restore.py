"""A whole site restored onto an empty machine with an empty broker. P3."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bulwark.backup import copies
from bulwark.backup.backup import backup
from bulwark.backup.keys import copy_keys
from bulwark.backup.manifest import NAME, BackupError
from bulwark.backup.restore import restore
from bulwark.backup.source import Source
from bulwark.broker import subscribers
from bulwark.data_folder import RESTORING, Folder, FolderError
from bulwark.settings import Settings
from services.rollup.webhooks import gauges
from services.rollup.webhooks.handlers import AddTarget, PauseTarget, RemoveTarget
from shared.clock.clock import RealClock
from shared.writer.log import rows_from
from tests.bulwark.backup.conftest import Made
from tests.services.rollup.busy_day import AREAS, fingerprint
from tests.services.rollup.receiver import receiving
from tests.support.backups import empty_place, quiet, rebuilt_rollup, source_of_node
from tests.support.harness import Node, eventually


@pytest.fixture(scope="module")
def restored(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A site restored from the backup, and started on a broker that holds nothing."""
    place = empty_place(tmp_path_factory.mktemp("new") / "data", made.postgres)
    restore(made.folder, place, keys=made.keys, without_keys=False, show=quiet)
    node = Node(place.folder.path, made.postgres, urls=place.urls)
    node.start()
    yield node
    node.stop()


@pytest.mark.requirement("P3")
def test_accounts_of_a_broker_elsewhere_come_back_when_a_site_was_restored(
    made: Made, tmp_path: Path
) -> None:
    accounts = tmp_path / "accounts" / "accounts.conf"
    subscribers.add(accounts, "hospital", "220581", {"alerts": []}, "x")
    copy = tmp_path / "keys"
    copy_keys(made.source.folder.keys, copy, RealClock().now(), accounts)
    before = subscribers.read(accounts)
    accounts.unlink()
    empty = empty_place(tmp_path / "data", made.postgres)
    settings = Settings(data=empty.folder.path, nats_accounts=accounts)
    place = Source(empty.folder, empty.urls, settings)
    restore(made.folder, place, keys=copy, without_keys=False, show=quiet)
    assert subscribers.read(accounts) == before


@pytest.mark.requirement("P3")
def test_projections_equal_rebuilt_ones_when_a_site_was_restored(
    restored: Node, made: Made, tmp_path: Path
) -> None:
    restored.settle()
    for name, copy in made.manifest.services.items():
        assert restored.runtime(name).writer.head >= copy.head
    rebuilt = rebuilt_rollup(restored, tmp_path)
    assert fingerprint(rebuilt) == fingerprint(restored.runtime("rollup").database)
    rebuilt.close()


@pytest.mark.requirement("P3")
def test_logs_are_what_they_were_when_a_site_was_restored(
    node: Node, restored: Node, made: Made
) -> None:
    for name, copy in made.manifest.services.items():
        found = []
        for one in (node, restored):
            with one.runtime(name).database.reading() as session:
                found.append(rows_from(session.connection(), 1, copy.head))
        assert found[0] == found[1]
        assert len(found[0]) == copy.head


def test_person_is_read_again_when_the_keys_were_restored(restored: Node, made: Made) -> None:
    health = restored.client("health", AREAS[0])
    person = health.get(f"/intake/people/{made.person}", reason="随访")
    assert person.status_code == 200, person.text
    assert person.json()["name"] == "赵六"


def test_restored_site_goes_on_when_records_come(restored: Node) -> None:
    before = restored.runtime("intake").writer.head
    body = {"area": AREAS[1], "place_kind": "checkpoint", "temperature_c": 38.1}
    assert restored.client("recorder", AREAS[1]).post("/intake/screenings", body).is_success
    restored.settle()
    assert restored.runtime("intake").writer.head == before + 1
    assert restored.runtime("rollup").health()["readers"]["intake"]["place"] == before + 1


@pytest.mark.requirement("P2")
def test_nothing_is_sent_by_webhook_when_a_site_was_restored_until_it_is_resumed(
    node: Node, tmp_path: Path
) -> None:
    lines: list[str] = []
    (tmp_path / "keys").mkdir()
    with receiving() as receiver:
        asked = AddTarget(receiver.url, AREAS[0], ["bulwark.alerts.*"], private=True)
        target = str(node.run(node.runtime("rollup").writer.submit(asked)))
        backup(
            source_of_node(node), tmp_path / "b", RealClock(), keys=tmp_path / "keys", show=quiet
        )
        node.run(node.runtime("rollup").writer.submit(RemoveTarget(target)))
        postgres = None if node.runtime("intake").database.is_sqlite else node.postgres
        place = empty_place(tmp_path / "data", postgres)
        keys = tmp_path / "keys"
        restore(tmp_path / "b", place, keys=keys, without_keys=False, show=lines.append)
        assert any("bulwark webhook resume" in line for line in lines)
        copy = Node(place.folder.path, postgres, urls=place.urls)
        copy.start()
        try:
            body = {"area": AREAS[0], "place_kind": "checkpoint", "temperature_c": 38.8}
            assert copy.client("recorder", AREAS[0]).post("/intake/screenings", body).is_success
            copy.settle()
            rollup = copy.runtime("rollup")
            assert copy.run(gauges.collect(rollup.context)) == []
            assert receiver.tries == []
            copy.run(rollup.writer.submit(PauseTarget(target, paused=False)))
            eventually(lambda: receiver.taken)
        finally:
            copy.stop()


def test_site_starts_with_new_keys_when_it_was_restored_without_its_own(
    made: Made, tmp_path: Path
) -> None:
    place = empty_place(tmp_path / "data", made.postgres)
    restore(made.folder, place, keys=None, without_keys=True, show=quiet)
    copy = Node(place.folder.path, made.postgres, urls=place.urls)
    copy.start()
    try:
        body = {"area": AREAS[0], "place_kind": "checkpoint", "temperature_c": 36.5}
        assert copy.client("recorder", AREAS[0]).post("/intake/screenings", body).is_success
    finally:
        copy.stop()


def test_nothing_is_touched_when_the_instance_is_not_empty(restored: Node, made: Made) -> None:
    place = Source(restored.folder, restored.urls, made.source.settings)
    before = sorted(restored.folder.path.iterdir())
    with pytest.raises(BackupError, match="onto an empty instance") as refused:
        restore(made.folder, place, keys=made.keys, without_keys=False, show=quiet)
    assert "\n" not in str(refused.value)
    assert sorted(restored.folder.path.iterdir()) == before


def test_nothing_is_made_when_the_backup_is_damaged(made: Made, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(made.folder, damaged)
    (damaged / made.manifest.services["rollup"].file).write_bytes(b"")
    place = empty_place(tmp_path / "data", made.postgres)
    with pytest.raises(BackupError, match="damaged"):
        restore(damaged, place, keys=made.keys, without_keys=False, show=quiet)
    assert not place.folder.path.exists()


def test_one_line_asks_for_the_keys_when_none_are_given(made: Made, tmp_path: Path) -> None:
    place = empty_place(tmp_path / "data", made.postgres)
    with pytest.raises(BackupError, match="--without-keys"):
        restore(made.folder, place, keys=None, without_keys=False, show=quiet)
    assert not place.folder.path.exists()


def test_newer_backup_is_refused_when_the_program_is_older(made: Made, tmp_path: Path) -> None:
    newer = tmp_path / "newer"
    shutil.copytree(made.folder, newer)
    manifest = json.loads((newer / NAME).read_text())
    manifest["services"]["alerts"]["revision"] = "9999"
    (newer / NAME).write_text(json.dumps(manifest))
    place = empty_place(tmp_path / "data", made.postgres)
    with pytest.raises(BackupError, match="upgrade it first"):
        restore(newer, place, keys=made.keys, without_keys=False, show=quiet)


def test_broker_is_to_be_emptied_first_when_it_holds_streams(made: Made, tmp_path: Path) -> None:
    place = empty_place(tmp_path / "data", made.postgres)
    (place.folder.nats / "jetstream" / "$G" / "streams" / "INTAKE").mkdir(parents=True)
    with pytest.raises(BackupError, match="holds a stream"):
        restore(made.folder, place, keys=made.keys, without_keys=False, show=quiet)


def test_instance_does_not_start_before_a_restore_was_gone_on_with_when_it_was_cut_short(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = empty_place(tmp_path / "data", made.postgres)
    put = copies.restore_database
    done: list[object] = []

    def fails_at_the_third(*arguments: object) -> None:
        if len(done) == 2:
            raise BackupError("the disk is full")
        done.append(arguments[0])
        put(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr("bulwark.backup.restore.restore_database", fails_at_the_third)
        with pytest.raises(BackupError, match="full"):
            restore(made.folder, place, keys=made.keys, without_keys=False, show=quiet)
    with pytest.raises(FolderError, match="restore again"):
        Folder(place.folder.path).prepare()
    restore(made.folder, place, keys=made.keys, without_keys=False, show=quiet)
    assert not (place.folder.path / RESTORING).exists()
    Folder(place.folder.path).prepare()


def test_unused_keys_are_put_aside_when_the_folder_was_prepared(made: Made, tmp_path: Path) -> None:
    place = empty_place(tmp_path / "data", made.postgres)
    place.folder.prepare()
    pack = place.folder.policies / "2021-01.toml"
    pack.write_text(pack.read_text() + "# ours\n")
    site = place.folder.site("test", RealClock())
    site.areas.close()
    site.vault.close()
    restore(made.folder, place, keys=made.keys, without_keys=False, show=quiet)
    assert (place.folder.keys / "master.key").read_bytes() == (
        made.keys / "master.key"
    ).read_bytes()
    assert (place.folder.keys / "master.key.before-restore").exists()
    assert pack.with_name("2021-01.toml.before-restore").read_text().endswith("# ours\n")


def test_site_on_files_goes_on_on_postgres_when_it_grows(
    made: Made, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if made.postgres is not None:
        place = empty_place(tmp_path / "data", None)
        with pytest.raises(BackupError, match="the setting names sqlite"):
            restore(made.folder, place, keys=made.keys, without_keys=False, show=quiet)
        return
    server = request.getfixturevalue("postgres")
    place = empty_place(tmp_path / "data", server)
    restore(made.folder, place, keys=made.keys, without_keys=False, show=quiet)
    node = Node(place.folder.path, server, urls=place.urls)
    node.start()
    try:
        node.settle()
        body = {"area": AREAS[2], "place_kind": "checkpoint", "temperature_c": 38.1}
        assert node.client("recorder", AREAS[2]).post("/intake/screenings", body).is_success
        node.settle()
        assert node.runtime("intake").writer.head == made.manifest.services["intake"].head + 1
        rebuilt = rebuilt_rollup(node, tmp_path)
        assert fingerprint(rebuilt) == fingerprint(node.runtime("rollup").database)
        rebuilt.close()
        health = node.client("health", AREAS[0])
        person = health.get(f"/intake/people/{made.person}", reason="随访")
        assert person.json()["name"] == "赵六"
        assert all(node.dead(name) == [] for name in made.manifest.services)
    finally:
        node.stop()
