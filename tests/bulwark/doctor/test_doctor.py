"""The doctor: every line says ok, or what to do. P3."""

import asyncio
import datetime as dt
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import nats
import orjson
import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bulwark.backup.copies import Facts, copy_database, restore_database
from bulwark.backup.record import Record, Rehearsal
from bulwark.backup.source import Source
from bulwark.broker import subscribers
from bulwark.data_folder import Folder
from bulwark.doctor.databases import Seen, check_databases, see_all
from bulwark.doctor.findings import Finding
from bulwark.doctor.machine import check_machine
from bulwark.doctor.one_stream import beyond_retention
from bulwark.doctor.report import findings, print_findings
from bulwark.doctor.streams import _health
from bulwark.registry import SERVICES
from bulwark.settings import Settings
from shared.clock.clock import RealClock
from shared.database.engine import Database
from shared.events.envelope import encode, subject_of
from shared.events.intake.screenings import ScreeningRecorded
from shared.nats.connection import StreamState
from shared.runtime.migrations import Revisions
from tests.services.rollup.making import made
from tests.support.backups import source_at
from tests.support.core.pair import append
from tests.support.harness import PATIENCE, Node, PostgresServer, eventually, new_id

AREA = "220581001001"
NOW = RealClock().now()


def beside(node: Node) -> Source:
    """A running node as the doctor sees a site with a broker of its own."""
    settings = Settings(data=node.folder.path, nats_url=node.broker.url)
    return Source(node.folder, dict(node.urls), settings)


def examined(source: Source) -> dict[str, Finding]:
    """What the doctor finds, by what was looked at."""
    return {one.check: one for one in asyncio.run(findings(source, RealClock()))}


def steps(one: Finding) -> str:
    return "\n".join(f"{step.zh}\n{step.en}" for step in one.steps)


def post(node: Node, count: int) -> None:
    recorder = node.client("recorder", AREA)
    for _ in range(count):
        body = {"area": AREA, "place_kind": "checkpoint", "temperature_c": 38.6}
        assert recorder.post("/intake/screenings", body).is_success
    node.settle()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Node]:
    """A node on SQLite that a test may damage."""
    node = Node(tmp_path / "data")
    node.start()
    yield node
    # Its services were stopped by the test, its broker perhaps too.
    node.end_broker()


@pytest.mark.requirement("P3")
def test_every_line_says_ok_when_a_site_is_well(
    node: Node, capsys: pytest.CaptureFixture[str]
) -> None:
    node.settle()
    found = asyncio.run(findings(beside(node), RealClock()))
    assert [one for one in found if not one.ok] == []
    checks = {one.check for one in found}
    wanted = {"versions", "disk", "keys", "keys private", "backup", "policy", "areas", "places"}
    assert wanted | {"broker", "clock", "lag"} <= checks
    assert {f"stream {name}" for name in SERVICES} <= checks
    assert {f"database {name}" for name in SERVICES} <= checks
    assert print_findings(found, json=False) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith("[好 ok] ") for line in lines[:-1])
    assert print_findings(found, json=True) == 0
    assert orjson.loads(capsys.readouterr().out)["ok"] is True


@pytest.mark.requirement("P3")
def test_steps_are_given_when_a_database_is_older_than_what_others_applied(
    own: Node, tmp_path: Path
) -> None:
    post(own, 3)
    older = copy_database("intake", own.urls["intake"], tmp_path)
    post(own, 2)
    own.stop_services()
    Path(own.urls["intake"].removeprefix("sqlite:///")).unlink()
    restore_database("intake", older, tmp_path, own.urls["intake"])
    found = examined(beside(own))
    stream = found["stream intake"]
    assert "5" in stream.words.en
    assert "3" in stream.words.en
    assert "bulwark.intake.screening_recorded" in steps(stream)
    assert "others have applied them" in steps(stream)
    one = found["places intake"]
    for reader in ("alerts 5", "rollup 5"):
        assert reader in one.words.zh
    assert "bulwark restore" in steps(one)
    assert f"--data {own.folder.path}" in steps(one)
    assert "newer database of intake" in steps(one)


@pytest.mark.requirement("P3")
def test_steps_are_given_when_an_older_database_has_grown_past_what_others_applied(
    own: Node, tmp_path: Path
) -> None:
    post(own, 3)
    older = copy_database("intake", own.urls["intake"], tmp_path)
    post(own, 2)
    own.stop_services()
    file = Path(own.urls["intake"].removeprefix("sqlite:///"))
    file.unlink()
    restore_database("intake", older, tmp_path, own.urls["intake"])
    other = made(ScreeningRecorded, area=AREA, screening_id=new_id())
    database = Database(own.urls["intake"])
    append(database, other, other, other, service="intake")
    database.close()
    found = examined(beside(own))
    for one in (found["stream intake"], found["places intake"]):
        assert not one.ok
        assert "5" in one.words.en
        assert "newer database of intake" in steps(one)
    assert "restored to an older moment" in found["stream intake"].words.en
    assert "differs from the log's" in found["places intake"].words.en
    file.unlink()
    assert examined(beside(own))["database intake"].words.en == "never started"


@pytest.mark.requirement("P3")
def test_steps_are_others_when_what_lies_beyond_the_log_was_applied_by_nobody(own: Node) -> None:
    post(own, 2)
    own.stop_services()
    event = made(ScreeningRecorded, area=AREA, screening_id=new_id())
    time = event.occurred_at.isoformat()
    junk = encode(event, new_id(), 3, time, "test", drill=False)

    async def publish() -> None:
        client = await nats.connect(own.broker.url, connect_timeout=PATIENCE)
        await client.jetstream(timeout=PATIENCE).publish(
            subject_of("intake", event.name, AREA), junk
        )
        await client.close()

    asyncio.run(publish())
    found = examined(beside(own))
    assert found["places"].ok
    said = steps(found["stream intake"])
    assert f"mv {own.folder.nats} {own.folder.nats}.old" in said
    assert "published these under our name" in said
    assert "bulwark restore" not in said


def test_stopped_instance_is_looked_at_when_its_broker_is_its_own(own: Node) -> None:
    post(own, 2)
    own.stop_services()
    own.run(own.broker.stop())
    found = examined(source_at(own.folder.path, own.urls))
    assert found["stream intake"].ok
    assert "1–2" in found["stream intake"].words.zh
    assert [one for one in found.values() if not one.ok] == []
    # The look left nothing behind: the folder is free.
    own.folder.hold().close()


def test_service_is_named_when_nothing_is_wrong_but_that_it_is_off(own: Node) -> None:
    post(own, 1)
    own.run(own.runtime("intake").stop())
    found = examined(beside(own))
    own.stop_services()
    assert found["stream intake"].ok
    assert found["lag"].ok
    assert [one.check for one in found.values() if not one.ok] == ["answers intake"]
    assert "it runs" in steps(found["answers intake"])


@pytest.mark.parametrize(("status", "ready"), [(200, True), (503, False)])
def test_service_is_named_when_it_is_not_ready(status: int, ready: bool) -> None:
    said = {"services": {"intake": {"ready": ready, "clock_jumped": False}}}

    class Probe(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(orjson.dumps(said))

        def log_message(self, *_arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Probe) as server:
        answering = threading.Thread(target=server.handle_request)
        answering.start()
        url = f"http://127.0.0.1:{server.server_port}"
        found = asyncio.run(_health(url, 1))
        answering.join()
    assert [one.check for one in found if one.ok] == (["running"] if ready else [])
    assert [one.check for one in found if not one.ok] == ([] if ready else ["running intake"])


def test_reader_is_named_when_it_stands_still(own: Node) -> None:
    post(own, 1)
    own.stop_services()
    with closing(sqlite3.connect(own.folder.path / "db" / "alerts.db")) as database:
        database.execute("UPDATE places SET sequence = 0")
        database.commit()
    found = examined(beside(own))
    assert not found["lag alerts"].ok
    assert "intake" in found["lag alerts"].words.en


def test_what_to_do_is_said_when_databases_are_amiss(own: Node) -> None:
    own.stop_services()
    with closing(sqlite3.connect(own.folder.path / "db" / "alerts.db")) as database:
        database.execute(
            "INSERT INTO dead_letters (source, sequence, document, error, at, tries)"
            " VALUES ('intake', 1, '{}', 'KeyError()', '2021-03-01T08:00:00+08:00', 1)"
        )
        database.commit()
    with closing(sqlite3.connect(own.folder.path / "db" / "rollup.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.execute("UPDATE events SET stored_ms = stored_ms + 86400000")
        database.commit()
    urls = {**own.urls, "intake": "postgresql://nobody:secret@127.0.0.1:1/none"}
    source = source_at(own.folder.path, urls)
    seen = see_all(source, NOW)
    found = {one.check: one for one in check_databases(source, seen, RealClock().now())}
    assert "bulwark dead list" in steps(found["dead letters alerts"])
    assert "newer release" in steps(found["database rollup"])
    assert "BULWARK_INTAKE_DATABASE_URL" in steps(found["database intake"])
    assert "secret" not in str(found["database intake"].words)
    assert "future" in found["clock"].words.en


@pytest.fixture
def still(tmp_path: Path) -> Source:
    """An instance that never ran."""
    folder = Folder(tmp_path / "data")
    folder.prepare()
    site = folder.site("test", RealClock())
    site.areas.close()
    site.vault.close()
    urls = {name: f"sqlite:///{folder.path}/db/{name}.db" for name in SERVICES}
    return source_at(folder.path, urls)


def on_machine(source: Source, now: dt.datetime = NOW) -> dict[str, Finding]:
    return {one.check: one for one in check_machine(source, now)}


def test_machine_is_well_when_it_is_new_and_has_a_subscriber(still: Source) -> None:
    subscribers.add(still.folder.subscribers, "hospital", "220581", {"alerts": []}, "x")
    assert [one for one in on_machine(still).values() if not one.ok] == []


def test_keys_are_to_be_closed_when_others_can_read_them(still: Source) -> None:
    (still.folder.keys / "master.key").chmod(0o644)
    found = on_machine(still)["keys private"]
    assert f"chmod -R go= {still.folder.keys}" in steps(found)


@pytest.mark.parametrize("what", ["missing", "other"])
def test_keys_are_to_be_put_back_when_they_do_not_fit(still: Source, what: str) -> None:
    master = still.folder.keys / "master.key"
    if what == "missing":
        master.unlink()
    else:
        master.write_bytes(b"x" * 32)
    assert not on_machine(still)["keys"].ok


def test_room_is_asked_for_when_the_disk_is_nearly_full(
    still: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(still.folder.path)._replace(total=100 * 10**9, free=3 * 10**9)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    assert "move older backups" in steps(on_machine(still)["disk"])


@pytest.mark.parametrize(("days", "ok"), [(90, True), (5, False), (-1, False)])
def test_certificate_is_to_be_renewed_when_it_ends_soon(
    still: Source, tmp_path: Path, days: int, ok: bool
) -> None:
    file = tmp_path / "cert.pem"
    file.write_bytes(certificate(NOW + dt.timedelta(days=days)))
    settings = Settings(data=still.folder.path, certificate_files=str(file))
    found = on_machine(Source(still.folder, still.urls, settings))["certificate"]
    assert found.ok is ok


def certificate(ends: dt.datetime) -> bytes:
    """A self-signed certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bulwark.example")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(ends - dt.timedelta(days=400))
        .not_valid_after(ends)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


def test_backup_is_to_be_made_when_the_last_is_old(still: Source) -> None:
    day = dt.timedelta(days=1)
    good = Rehearsal(at=NOW, ok=True)
    record = Record(finished_at=NOW, path="b", rehearsal=good, keys_copied_at=NOW)
    record.write(still.backups)
    assert on_machine(still)["backup"].ok
    assert on_machine(still)["keys copied"].ok
    assert "bulwark backup" in steps(on_machine(still, NOW + 2 * day)["backup"])
    assert "BULWARK_BACKUP_KEYS" in steps(on_machine(still, NOW + 40 * day)["keys copied"])
    record.failed(NOW + day, "no room").write(still.backups)
    failed = [one for one in check_machine(still, NOW + day) if one.check == "backup"]
    assert [one.ok for one in failed] == [False, True]
    assert "no room" in failed[0].words.zh


def test_line_of_the_pack_is_named_when_it_is_wrong(still: Source) -> None:
    pack = still.folder.policies / "2021-01.toml"
    pack.write_text(pack.read_text().replace("threshold_c = 37.3", "threshold_c = 99.0"))
    found = on_machine(still)["policy"]
    assert not found.ok
    assert "fever.threshold_c" in found.words.zh


def test_broker_is_named_without_its_password_when_it_does_not_answer(still: Source) -> None:
    settings = Settings(data=still.folder.path, nats_url="nats://me:secret@127.0.0.1:1")
    found = examined(Source(still.folder, still.urls, settings))["broker"]
    assert not found.ok
    assert "127.0.0.1:1" in found.words.zh
    assert "secret" not in found.words.zh


@pytest.mark.requirement("P3")
def test_setting_is_named_when_postgres_would_not_survive_a_power_cut(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    url = postgres.new_database()
    source = Source(Folder(tmp_path), dict.fromkeys(SERVICES, url), Settings(data=tmp_path))

    def told() -> dict[str, Finding]:
        seen = see_all(source, NOW)
        return {one.check: one for one in check_databases(source, seen, NOW)}

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET full_page_writes = off")
        try:
            connection.execute("SELECT pg_reload_conf()")
            eventually(lambda: "disk intake" in told())
            found = told()["disk intake"]
        finally:
            connection.execute("ALTER SYSTEM RESET full_page_writes")
            connection.execute("SELECT pg_reload_conf()")
    assert "full_page_writes" in found.words.en
    assert "postgresql.conf" in steps(found)
    eventually(lambda: "disk intake" not in told())


def test_refill_is_named_when_a_reader_lacks_what_its_stream_no_longer_holds() -> None:
    facts = {name: Facts(Revisions("0001"), 200, 1, {}) for name in SERVICES}
    facts["alerts"] = Facts(Revisions("0001"), 200, 1, {"intake": 5})
    facts["volunteers"] = Facts(Revisions("0001"), 200, 1, {"intake": 150})
    facts["rollup"] = Facts(Revisions("0001"), 200, 1, {"intake": 99})
    seen = {name: Seen(one) for name, one in facts.items()}
    state = StreamState(100, 200, 101, "")
    (found,) = list(beyond_retention("intake", state, seen))
    assert found.check == "behind alerts"
    assert "bulwark refill intake --from 6" in steps(found)
