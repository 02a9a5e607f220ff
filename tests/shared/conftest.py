"""The core's tests: a broker for all of them, databases of each kind, and brisk waits."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bulwark.broker.nats_server import Broker
from shared.database.engine import Database
from shared.runtime.lease import Lease
from tests.support.core.pair import Open, open_database, registered
from tests.support.core.reading import Pair
from tests.support.core.stage import Stage
from tests.support.harness import PostgresServer

CORE = ("database", "inbox", "nats", "outbox", "runtime", "writer")


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A nats-server for the tests that do not harm it."""
    broker = Broker(tmp_path_factory.mktemp("broker"))
    asyncio.run(broker.start())
    yield broker
    asyncio.run(broker.stop())


@pytest.fixture(autouse=True)
def known_events(request: pytest.FixtureRequest) -> Iterator[None]:
    """The pair's events stand in the registry, in the tests of the core alone."""
    if request.path.parent.name not in CORE:
        yield
        return
    with registered():
        yield


@pytest.fixture
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shortens the intervals and retries of relay and reader."""
    monkeypatch.setattr("shared.outbox.relay.VERIFY_SECONDS", 0.3)
    monkeypatch.setattr("shared.outbox.relay.RETRY_SECONDS", 0.05)
    monkeypatch.setattr("shared.nats.consumer.BEAT_SECONDS", 0.1)
    monkeypatch.setattr("shared.inbox.verified_stream.SILENCE_SECONDS", 0.8)
    monkeypatch.setattr("shared.inbox.reader.QUIET_SECONDS", 0.4)


@pytest.fixture
def stage(broker: Broker, brisk: None) -> Iterator[Stage]:
    """A stage on the common broker, without streams."""
    stage = Stage(broker.url)
    stage.clear()
    yield stage
    stage.close()


def _opening(
    request: pytest.FixtureRequest, folder: Path, postgres: PostgresServer | None
) -> Iterator[Open]:
    # Services end before their databases are closed.
    stage = request.getfixturevalue("stage") if "stage" in request.fixturenames else None
    opened: list[Database] = []

    def open_one() -> Database:
        sqlite = f"sqlite:///{folder}/{len(opened)}.db"
        opened.append(open_database(postgres.new_database() if postgres else sqlite))
        return opened[-1]

    yield open_one
    if stage is not None:
        stage.close()
    for database in opened:
        database.close()


@pytest.fixture(params=["sqlite", "postgres"])
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Makes empty databases, of each kind in turn."""
    postgres = request.getfixturevalue("postgres") if request.param == "postgres" else None
    yield from _opening(request, tmp_path, postgres)


@pytest.fixture
def new_postgres(
    request: pytest.FixtureRequest, tmp_path: Path, postgres: PostgresServer
) -> Iterator[Open]:
    """Makes empty databases of PostgreSQL, where several processes share one."""
    yield from _opening(request, tmp_path, postgres)


@pytest.fixture
def new_file(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Makes empty databases in files, where the kind of database makes no difference."""
    yield from _opening(request, tmp_path, None)


@pytest.fixture
def database(new_database: Open) -> Database:
    """An empty database, of each kind in turn."""
    return new_database()


@pytest.fixture
def overslept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every process takes itself for the leader, as one does that was frozen for a while."""

    async def renew(lease: Lease) -> bool:
        lease.is_leader = True
        return True

    monkeypatch.setattr(Lease, "_renew", renew)


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[Any]]:
    """What is logged while a test runs, instead of printing it."""
    with capture_logs() as captured:
        yield captured


@pytest.fixture
def pair(stage: Stage, new_database: Open) -> Pair:
    """A source and a sink, on databases of each kind in turn."""
    return Pair(stage, new_database)


@pytest.fixture
def pair_of_files(stage: Stage, new_file: Open) -> Pair:
    """A source and a sink, where the kind of database makes no difference."""
    return Pair(stage, new_file)
