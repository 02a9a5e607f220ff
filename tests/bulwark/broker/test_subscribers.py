"""`bulwark subscriber`: on one machine, and with a broker elsewhere as in compose."""

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nats
import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from bulwark.admin import cli_audit as noting
from bulwark.broker import reload as broker_reload
from bulwark.broker import subscribers
from bulwark.broker.accounts import accounts_block, hashed, parse_types
from bulwark.broker.nats_server import Broker, configuration, free_port, server_on, server_program
from bulwark.cli.main import app
from bulwark.data_folder import Folder
from shared.database.engine import Database
from shared.exceptions import Unavailable
from shared.security.audit import entries
from tests.faults.processes import Process
from tests.support.command import bulwark, up
from tests.support.harness import PATIENCE, PROGRAM_PATIENCE, eventually

pytestmark = pytest.mark.requirement("P2")

AREA = ("--area", "220581")
FEVERS = ("--types", "fever_detected")
NOWHERE = "postgresql://nobody@127.0.0.1:1/none"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A prepared data folder, in which nothing runs."""
    Folder(tmp_path / "data").prepare()
    return tmp_path / "data"


def test_subscriber_connects_and_is_listed_and_removed_when_the_instance_runs(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    with up(data) as running:
        running.wait_ready()
        run = running.run
        assert stat.S_IMODE((data / "run.json").stat().st_mode) == 0o600
        assert stat.S_IMODE((data / "nats" / "nats.conf").stat().st_mode) == 0o600
        password = str(run["nats_url"]).split("@", maxsplit=1)[0].rsplit(":", 1)[1]
        assert asyncio.run(broker_reload.is_accepted(run["nats_url"], answered=False))
        added = bulwark("subscriber", "add", "hospital", *AREA, *FEVERS, "--data", str(data))
        assert added.returncode == 0, added.stderr
        url = added.stdout.split()[-1]
        assert url.startswith("nats://hospital:")
        assert asyncio.run(broker_reload.is_accepted(url, answered=True))
        secret = url.removeprefix("nats://hospital:").split("@", maxsplit=1)[0]
        kept = (data / "keys" / "subscribers.conf").read_text()
        assert secret not in kept
        assert "$2b$" in kept
        again = bulwark("subscriber", "add", "hospital", *AREA, *FEVERS, "--data", str(data))
        assert again.returncode == 1
        assert len(again.stderr.splitlines()) == 1
        listed = bulwark("subscriber", "list", "--data", str(data))
        assert "hospital  220581" in listed.stdout
        assert "alerts.fever_detected" in listed.stdout
        port = url.rsplit(":", 1)[1]
        running.interrupt()
        assert not (data / "run.json").exists()
    for file in data.rglob("*.log"):
        assert password not in file.read_text()
    with up(data) as running:
        running.wait_ready()
        # It finds the broker where it was, with the password that it was given.
        assert str(running.run["nats_url"]).endswith(f":{port}")
        assert asyncio.run(broker_reload.is_accepted(url, answered=True))
        # It is told under the number that it has now, after it ended and was started again.
        first = int(running.run["nats_pid"])
        os.kill(first, signal.SIGKILL)
        eventually(lambda: server_on(data / "nats") not in (None, first))
        eventually(lambda: asyncio.run(broker_reload.is_accepted(url)))
        removed = bulwark("subscriber", "remove", "hospital", "--data", str(data))
        assert removed.returncode == 0, removed.stderr
        assert not asyncio.run(broker_reload.is_accepted(url))
        said = running.process
        running.interrupt()
        assert said.returncode == 0


def test_password_is_not_printed_when_the_instance_starts(tmp_path: Path) -> None:
    with up(tmp_path / "data") as running:
        running.wait_ready()
        password = str(running.run["nats_url"]).split("@", maxsplit=1)[0].rsplit(":", 1)[1]
        said = ""
        # It is ready a moment before it says so.
        while "nats://127.0.0.1:" not in said:
            assert running.process.stdout is not None
            line = running.process.stdout.readline()
            assert line, said
            said += line
        running.process.terminate()
        rest, _ = running.process.communicate(timeout=PATIENCE)
    assert password not in said + rest


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("add", "x", "--area", "99", *FEVERS), "--area"),
        (("add", "x", *AREA, "--types", "fever_detected,nothing_such"), "nothing_such"),
        (("add", "x", *AREA, "--types", " , "), "--types"),
        (("add", "Hospital", *AREA, *FEVERS), "NAME"),
        (("add", "a.b", *AREA, *FEVERS), "NAME"),
        (("add", "x" * 33, *AREA, *FEVERS), "NAME"),
        (("remove", "nobody"), "nobody"),
    ],
)
def test_fault_is_named_in_one_line_when_the_command_is_wrong(
    data: Path, arguments: tuple[str, ...], named: str
) -> None:
    done = bulwark("subscriber", *arguments, "--data", str(data))
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert named in done.stderr
    assert not subscribers.read(Folder(data).subscribers)


def test_account_is_kept_for_the_next_start_when_nothing_runs(data: Path) -> None:
    done = bulwark("subscriber", "add", "hospital", *AREA, "--types", "all", "--data", str(data))
    assert done.returncode == 0, done.stderr
    assert "口令 / password: " in done.stdout
    assert bulwark("subscriber", "remove", "hospital", "--data", str(data)).returncode == 0
    noted = audited(data)
    assert [one[:2] for one in noted] == [
        ("subscriber_added", "hospital"),
        ("subscriber_removed", "hospital"),
    ]
    assert noted[0][2].startswith("220581 all; os user ")
    again = ("subscriber", "add", "hospital", *AREA, "--types", "all", "--data", str(data))
    assert bulwark(*again, BULWARK_ROLLUP_DATABASE_URL=NOWHERE).returncode == 0
    found = subscribers.read(Folder(data).subscribers)["hospital"]
    assert found.types == {"alerts": [], "intake": [], "rollup": [], "volunteers": []}
    mode = Folder(data).subscribers.stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_what_is_made_belongs_to_the_folders_owner_when_root_adds_an_account(data: Path) -> None:
    keys, owner = Folder(data).keys, os.geteuid() or 12345
    os.chown(keys, owner, -1)
    os.chown(data / "db", owner, -1)
    for name in ("first", "second"):
        done = bulwark("subscriber", "add", name, *AREA, *FEVERS, "--data", str(data))
        assert done.returncode == 0, done.stderr
    found = {file.name: file.stat() for file in keys.glob("*subscribers*")}
    assert "subscribers.conf" in found
    assert {one.st_uid for one in found.values()} == {owner}
    assert {stat.S_IMODE(one.st_mode) for one in found.values()} == {0o600}
    # The note of it is in a database that its service made neither, and can write.
    assert {file.stat().st_uid for file in (data / "db").iterdir()} == {owner}
    assert len(audited(data)) == 2


def test_password_is_shown_and_removal_holds_when_the_audit_log_cannot_be_written(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def in_vain(*_: object) -> None:
        raise Unavailable("locked")

    monkeypatch.setattr(noting, "record_command", in_vain)
    folder = ("--data", str(data))
    added = CliRunner().invoke(app, ["subscriber", "add", "hospital", *AREA, *FEVERS, *folder])
    assert added.exit_code == 0, added.stderr
    assert "口令 / password: " in added.stdout
    assert "not recorded in the audit log: locked" in added.stderr
    removed = CliRunner().invoke(app, ["subscriber", "remove", "hospital", *folder])
    assert removed.exit_code == 0, removed.stderr
    assert not subscribers.read(Folder(data).subscribers)


def test_subscriber_is_cut_off_when_its_removal_is_repeated(
    elsewhere: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in elsewhere.items():
        monkeypatch.setenv(name, value)
    data, accounts = Path(elsewhere["BULWARK_DATA"]), Path(elsewhere["BULWARK_NATS_ACCOUNTS"])
    Folder(data).prepare()
    added = bulwark("subscriber", "add", "hospital", *AREA, *FEVERS)
    secret = added.stdout.split()[-1].removeprefix("tls://").split("@", maxsplit=1)[0]
    inside = elsewhere["BULWARK_NATS_URL"].replace("bulwark:services", secret)
    assert asyncio.run(broker_reload.is_accepted(inside))
    # The first removal ended before the broker was told.
    subscribers.remove(accounts, "hospital")
    again = bulwark("subscriber", "remove", "hospital")
    assert again.returncode == 1
    assert "no such subscriber" in again.stderr
    assert not asyncio.run(broker_reload.is_accepted(inside))
    assert [action for action, *_ in audited(data)] == ["subscriber_added"]


def audited(data: Path) -> list[tuple[str, str, str]]:
    """Action, subject and reason of rollup's audit log."""
    database = Database(f"sqlite:///{data / 'db' / 'rollup.db'}")
    with database.reading() as session:
        wanted = (entries.c.action, entries.c.subject, entries.c.reason)
        found = session.execute(select(*wanted).order_by(entries.c.sequence)).all()
    database.close()
    return [(row.action, row.subject, row.reason) for row in found]


def test_types_are_found_under_both_names_when_they_are_sorted_by_service() -> None:
    known = {"alerts": ["fever_detected", "venue_closed"], "intake": ["case_reported"]}
    named = ["venue_closed, bulwark.alerts.fever_detected", "case_reported,venue_closed"]
    found = {"alerts": ["fever_detected", "venue_closed"], "intake": ["case_reported"]}
    assert parse_types(named, known) == found


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A broker as compose runs it: the accounts' file in a folder of its own, mode 644."""
    accounts = tmp_path / "nats" / "accounts" / "accounts.conf"
    accounts.parent.mkdir(parents=True)
    accounts.touch(0o644)
    port, monitor = free_port(), free_port()
    block = accounts_block(hashed("services"), hashed("of-the-system"), "accounts/accounts.conf")
    config = tmp_path / "nats" / "nats.conf"
    config.write_text(configuration(tmp_path / "nats", port, monitor, block))
    server = Process([server_program(), "-c", str(config)], {}, tmp_path / "nats.log")
    server.start()
    url = f"nats://bulwark:services@127.0.0.1:{port}"
    try:
        eventually(lambda: asyncio.run(broker_reload.is_accepted(url)))
        yield {
            "BULWARK_DATA": str(tmp_path / "data"),
            "BULWARK_NATS_ACCOUNTS": str(accounts),
            "BULWARK_NATS_URL": url,
            "BULWARK_NATS_SYSTEM_URL": f"nats://system:of-the-system@127.0.0.1:{port}",
            "BULWARK_NATS_PUBLIC_URL": "tls://county.example:4222",
        }
    finally:
        server.end()


def test_broker_elsewhere_takes_a_subscriber_up_when_the_system_account_asks(
    elsewhere: dict[str, str],
) -> None:
    Folder(Path(elsewhere["BULWARK_DATA"])).prepare()
    accounts = Path(elsewhere["BULWARK_NATS_ACCOUNTS"])

    def run(*arguments: str, **changed: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "bulwark", "subscriber", *arguments],
            env={**os.environ, **elsewhere, **changed},
            capture_output=True,
            text=True,
            timeout=PROGRAM_PATIENCE,
            check=False,
        )

    async def heard(url: str) -> bytes:
        ours = await nats.connect(elsewhere["BULWARK_NATS_URL"], connect_timeout=PATIENCE)
        theirs = await nats.connect(url, connect_timeout=PATIENCE)
        feed = await theirs.subscribe("events.alerts.fever_detected.22.05.81.>")
        await theirs.flush()
        await ours.publish("events.alerts.fever_detected.22.05.81.001.001._", b"heard")
        message = await feed.next_msg(PATIENCE)
        await theirs.close()
        await ours.close()
        return message.data

    added = run("add", "hospital", *AREA, *FEVERS)
    assert added.returncode == 0, added.stderr
    printed = added.stdout.split()[-1]
    assert printed.endswith("@county.example:4222")
    assert stat.S_IMODE(accounts.stat().st_mode) == 0o644
    password = printed.removeprefix("tls://hospital:").split("@", maxsplit=1)[0]
    inside = elsewhere["BULWARK_NATS_URL"].replace("bulwark:services", f"hospital:{password}")
    assert asyncio.run(heard(inside)) == b"heard"
    assert "hospital" in run("list").stdout
    assert run("remove", "hospital").returncode == 0
    eventually(lambda: not asyncio.run(broker_reload.is_accepted(inside)))
    missing = run("add", "other", *AREA, *FEVERS, BULWARK_NATS_SYSTEM_URL="")
    assert missing.returncode == 1
    assert "BULWARK_NATS_SYSTEM_URL" in missing.stderr
    unset = run("add", "other", *AREA, *FEVERS, BULWARK_NATS_ACCOUNTS="")
    assert unset.returncode == 1
    assert "BULWARK_NATS_ACCOUNTS" in unset.stderr
    assert not Folder(Path(elsewhere["BULWARK_DATA"])).subscribers.exists()
    inner = run("add", "inner", *AREA, *FEVERS, BULWARK_NATS_PUBLIC_URL="")
    assert inner.returncode == 0, inner.stderr
    assert "BULWARK_NATS_PUBLIC_URL" in inner.stderr
    wrong = elsewhere["BULWARK_NATS_SYSTEM_URL"].replace("of-the-system", "wrong")
    refused = run("add", "other", *AREA, *FEVERS, BULWARK_NATS_SYSTEM_URL=wrong)
    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1
    assert "saved" in refused.stderr
    assert "wrong@" not in refused.stderr
    assert "other" in subscribers.read(accounts)


def test_one_line_says_so_when_the_broker_refuses_what_it_is_to_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts = tmp_path / "accounts.conf"
    broker = Broker(tmp_path / "nats", subscribers=accounts)
    here = broker.address

    async def reload_in_vain() -> None:
        await broker.start()
        try:
            at = subscribers.Where(accounts, here, here, broker.pid, broker.monitor)
            await broker_reload.reload(at)
            accounts.write_text("x: {")
            monkeypatch.setattr(broker_reload, "RELOAD_SECONDS", 0.2)
            with pytest.raises(subscribers.SubscriberError, match="did not reload"):
                await broker_reload.reload(at)
        finally:
            await broker.stop()

    asyncio.run(reload_in_vain())


def test_file_reads_back_as_it_was_when_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "accounts.conf"
    subscribers.add(file, "a", "22", {"alerts": ["fever_detected"]}, "x")
    subscribers.add(file, "b", "2205", {"intake": []}, "y")
    found = subscribers.read(file)
    assert [(one.name, one.area, one.types) for one in found.values()] == [
        ("a", "22", {"alerts": ["fever_detected"]}),
        ("b", "2205", {"intake": []}),
    ]
    subscribers.remove(file, "a")
    assert json.dumps(list(subscribers.read(file))) == '["b"]'
