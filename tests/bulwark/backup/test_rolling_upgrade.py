"""Migrations at start: once, whoever starts; and a new release beside the old one. P1."""

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import inspect

from bulwark.registry import SERVICES
from bulwark.server.instance import Instance, listen
from shared.database.engine import Database
from shared.events.envelope import encode, parse, subject_of
from shared.events.intake.screenings import ScreeningRecorded
from shared.runtime.lease import holder_at
from shared.runtime.migrations import DatabaseNewer, migrate, own_chain
from shared.runtime.service import Service
from shared.writer.transaction import Transaction
from tests.services.rollup.making import made
from tests.support.harness import (
    PATIENCE,
    PROGRAM_PATIENCE,
    Node,
    PostgresServer,
    eventually,
    new_id,
)

AREA = "220581001001"
NEXT = '''"""What a next release adds: a column that may be empty, and a table."""

import sqlalchemy as sa
from alembic import op

revision = "299912312359"
down_revision = "{last}"


def upgrade() -> None:
    op.add_column("screenings", sa.Column("thermometer", sa.String(40), nullable=True))
    op.create_table("thermometers", sa.Column("id", sa.String(40), primary_key=True))
'''
STARTS = """
from bulwark.registry import SERVICES
from shared.database.engine import Database
from shared.runtime.migrations import migrate
import sys
sys.stdin.readline()
for name, url in zip(SERVICES, sys.argv[1:]):
    database = Database(url)
    migrate(SERVICES[name], database)
    database.close()
"""


def next_release(folder: Path) -> Service:
    """Intake as a next release has it."""
    old = SERVICES["intake"]
    migrations = folder / "migrations"
    shutil.copytree(
        old.migrations, migrations, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True
    )
    versions = migrations / "versions"
    last = own_chain(old).revisions()[-1]
    (versions / "2999-12-31-2359_next.py").write_text(NEXT.format(last=last))
    return replace(old, migrations=migrations)


@dataclass
class FromTheFuture:
    """Work of a next release: an event with a field more, and one of a kind that nobody knows."""

    size: int = 1

    def run(self, tx: Transaction, *, isolate: bool) -> None:
        tx.caller = None
        event = made(ScreeningRecorded, area=AREA, temperature_c=38.9, screening_id=new_id())
        for kind in ("screening_recorded", "thermometer_checked"):
            written = encode(
                event,
                new_id(),
                tx.buffer.head + 1,
                event.occurred_at.isoformat(),
                "test",
                drill=False,
            )
            envelope: dict[str, Any] = parse(written)
            envelope["type"] = f"bulwark.intake.{kind}"
            envelope["data"] = {**envelope["data"], "thermometer": "T-1"}
            tx.buffer.add(subject_of("intake", kind, AREA), orjson.dumps(envelope))


@pytest.mark.requirement("P1")
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_each_migration_is_made_once_when_several_processes_start_at_once(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    urls = [f"sqlite:///{tmp_path}/{name}.db" for name in SERVICES]
    if kind == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres")
        urls = [server.new_database() for _ in SERVICES]
    starts = [
        subprocess.Popen(
            [sys.executable, "-c", STARTS, *urls],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    # Both have loaded everything when they are let go.
    for start in starts:
        assert start.stdin is not None
        start.stdin.write("go\n")
        start.stdin.flush()
    for start in starts:
        _, said = start.communicate(timeout=PROGRAM_PATIENCE)
        assert start.returncode == 0, said
    for name, url in zip(SERVICES, urls, strict=True):
        database = Database(url)
        migrate(SERVICES[name], database)
        assert inspect(database.read_engine).has_table("events")
        database.close()


@pytest.fixture
def old(postgres: PostgresServer, tmp_path: Path) -> Iterator[Node]:
    """The present release, running on PostgreSQL."""
    node = Node(tmp_path / "data", postgres)
    node.start()
    yield node
    node.stop()


@pytest.mark.requirement("P1")
def test_old_and_new_serve_side_by_side_when_a_release_only_adds(old: Node, tmp_path: Path) -> None:
    new = next_release(tmp_path)
    accepted: list[str] = []
    with _records(old, accepted):
        eventually(lambda: len(accepted) > 20)
        database = Database(old.urls["intake"])
        migrate(new, database)
        columns = {one["name"] for one in inspect(database.read_engine).get_columns("screenings")}
        assert "thermometer" in columns
        so_far = len(accepted)
        # The old process goes on writing to tables that are larger than it knows.
        eventually(lambda: len(accepted) > so_far + 20)
        database.close()
    _serve_beside(old, new, accepted)
    with _records(old, accepted):
        beside = len(accepted)
        eventually(lambda: len(accepted) > beside)
    old.settle()
    logged = [one.data.screening_id for one in old.logged("intake", ScreeningRecorded)]
    assert set(accepted) <= set(logged)
    assert len(logged) == len(set(logged)) == len(accepted) + 1
    for name in SERVICES:
        assert old.dead(name) == []


def _serve_beside(old: Node, new: Service, accepted: list[str]) -> None:
    """A process of the next release answers too, and takes the duties over from the old one."""
    listening = listen("127.0.0.1", 0)
    port = listening.getsockname()[1]

    async def make() -> Instance:
        site = old.instance.site
        beside = Instance([new], site, {"intake": old.urls["intake"]}, old.broker.url)
        await beside.start(listening)
        await beside.ready()
        return beside

    beside = old.run(make())
    try:
        runtime = beside.runtimes["intake"]
        assert not runtime.active
        assert runtime.lease is not None
        assert runtime.lease.holder == holder_at(port)
        token = old.client("recorder", AREA).token
        for _ in range(5):
            accepted.append(new_id())
            answer = httpx.post(
                f"http://127.0.0.1:{port}/intake/screenings",
                json=_record(accepted[-1]),
                headers={"Authorization": f"Bearer {token}"},
                trust_env=False,
                timeout=PATIENCE,
            )
            assert answer.status_code == 201, answer.text
        # What only the next release knows is taken in by readers of the old one, or skipped.
        old.run(runtime.writer.submit(FromTheFuture()))
        eventually(lambda: _all_read(old, runtime.writer.head))
    finally:
        old.run(beside.stop())


def _all_read(old: Node, head: int) -> bool:
    readers = [
        reader
        for runtime in old.instance.runtimes.values()
        for reader in runtime.readers
        if reader.source == "intake"
    ]
    return all(reader.checkpoint >= head for reader in readers)


@pytest.mark.requirement("P1")
def test_older_release_is_refused_in_one_line_when_it_starts_on_a_newer_database(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    database = Database(postgres.new_database())
    migrate(next_release(tmp_path), database)
    with pytest.raises(DatabaseNewer, match="299912312359") as refused:
        migrate(SERVICES["intake"], database)
    assert "\n" not in str(refused.value)
    database.close()


def _record(id_: str) -> dict[str, object]:
    return {"id": id_, "area": AREA, "place_kind": "checkpoint", "temperature_c": 36.6}


class _records:
    """Records are posted to the old process while the block runs."""

    def __init__(self, node: Node, accepted: list[str]) -> None:
        self._node, self._accepted = node, accepted
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._post)
        self._failed: list[str] = []

    def _post(self) -> None:
        recorder = self._node.client("recorder", AREA)
        while not self._ending.is_set():
            id_ = new_id()
            answer = recorder.post("/intake/screenings", _record(id_))
            if answer.status_code != 201:
                self._failed.append(answer.text)
                return
            self._accepted.append(id_)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_error: object) -> None:
        self._ending.set()
        self._thread.join(30)
        assert not self._failed, self._failed
