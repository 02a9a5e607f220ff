"""The lease: one leader at a time, another soon after it falls silent, at once when it resigns."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, text, update

from shared.database.engine import Database
from shared.database.threads import on_thread
from shared.runtime import lease as lease_module
from shared.runtime.lease import Lease, holder_at
from shared.runtime.lease import lease as lease_table
from tests.support.core.pair import Open, append, logged, make_source, noted, request
from tests.support.core.stage import Stage
from tests.support.harness import PATIENCE, eventually

Run = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shortens the lease to fractions of a second, so that the tests wait less."""
    monkeypatch.setattr(lease_module, "LEASE_SECONDS", 1.0)
    monkeypatch.setattr(lease_module, "RENEW_SECONDS", 0.2)
    monkeypatch.setattr(lease_module, "RETRY_SECONDS", 0.05)


@pytest.fixture
def run() -> Iterator[Run]:
    """Runs coroutines on one loop."""
    with asyncio.Runner() as runner:
        yield runner.run


# So long that it never ends by itself within a test, on however busy a machine.
LONG = 30 * PATIENCE


@pytest.fixture
def long(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lease does not end by itself."""
    monkeypatch.setattr(lease_module, "LEASE_SECONDS", LONG)


async def _ends(work: Coroutine[Any, Any, None], seconds: float = PATIENCE) -> bool:
    """Whether a wait ends within so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            await work
    except TimeoutError:
        return False
    return True


@pytest.mark.usefixtures("long")
def test_another_waits_when_one_holds_the_lease(new_postgres: Open, run: Run) -> None:
    database = new_postgres()
    one, two = Lease("a", database), Lease("a", database)
    run(one.acquire())
    assert not run(_ends(two.acquire(), 0.3))
    assert (one.is_leader, two.is_leader, two.is_follower) == (True, False, True)


def test_another_takes_over_when_the_leader_falls_silent(
    new_postgres: Open, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = new_postgres()
    one, two = Lease("a", database), Lease("a", database)
    run(one.acquire())
    monkeypatch.setattr(lease_module, "LEASE_SECONDS", LONG)
    assert run(_ends(two.acquire()))
    # The first wakes up and asks: it has lost.
    assert run(_ends(one.hold()))
    assert not one.is_leader


def test_nobody_waits_for_itself_when_a_process_restarts_at_its_address() -> None:
    assert holder_at(8080) == holder_at(8080)
    assert holder_at(8080) != holder_at(8081)


@pytest.mark.parametrize("other", ["boot_id", "socket.gethostname"])
def test_holders_differ_when_machines_share_a_name_or_containers_a_machine(
    other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = holder_at(8080)
    monkeypatch.setattr(f"shared.runtime.lease.{other}", lambda: "another")
    assert holder_at(8080) != here


def set_back(database: Database, ms: int) -> None:
    """The lease ends so much later, as it does when the database's clock is set back."""
    later = update(lease_table).values(until_ms=lease_table.c.until_ms + ms)
    with database.write_engine.begin() as connection:
        connection.execute(later)


@pytest.mark.usefixtures("long")
def test_another_takes_over_when_the_databases_clock_was_set_back_by_days(
    new_postgres: Open, run: Run
) -> None:
    database = new_postgres()
    one, two = Lease("a", database), Lease("a", database)
    run(one.acquire())
    set_back(database, 3 * 86_400_000)
    assert run(_ends(two.acquire()))
    # The end is its own now: nobody takes it away again.
    assert not run(_ends(one.acquire(), 0.3))


@pytest.mark.usefixtures("long")
def test_leader_keeps_its_lease_when_the_databases_clock_was_set_back_a_little(
    new_postgres: Open, run: Run
) -> None:
    database = new_postgres()
    one, two = Lease("a", database), Lease("a", database)
    run(one.acquire())
    set_back(database, 500)
    assert not run(_ends(two.acquire(), 0.3))


@pytest.mark.usefixtures("long")
def test_another_takes_over_at_once_when_the_leader_resigns(new_postgres: Open, run: Run) -> None:
    database = new_postgres()
    one, two = Lease("a", database), Lease("a", database)
    run(one.acquire())
    run(one.resign())
    assert run(_ends(two.acquire()))


def test_lease_is_kept_when_it_is_renewed(
    new_postgres: Open, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Shorter than the wait below, longer than a busy machine keeps a renewal waiting.
    monkeypatch.setattr(lease_module, "LEASE_SECONDS", 3.0)
    database = new_postgres()
    one, two = Lease("a", database), Lease("a", database)

    async def both() -> bool:
        await one.acquire()
        keeping = asyncio.ensure_future(one.hold())
        taken = await _ends(two.acquire(), 4.5)
        keeping.cancel()
        return taken

    assert not run(both())
    assert one.is_leader


def test_lease_is_lost_in_time_when_the_database_does_not_answer(
    new_postgres: Open, run: Run
) -> None:
    lease = Lease("a", new_postgres())
    run(lease.acquire())
    lease._database = Database("postgresql://nobody@127.0.0.1:1/nothing")
    assert run(_ends(lease.hold()))
    assert not lease.is_leader


def test_leader_publishes_what_another_process_committed(
    stage: Stage, new_postgres: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The leader is woken: its next verification would be too late.
    monkeypatch.setattr("shared.outbox.relay.VERIFY_SECONDS", LONG)
    database = new_postgres()
    holder = stage.start(make_source(), database)
    eventually(lambda: holder.active and stage.state())
    url = database.write_engine.url.render_as_string(hide_password=False)
    replica = stage.start(make_source(), Database(url))
    eventually(lambda: replica.ready)
    assert not replica.active
    stage.submit(replica, request(7))
    eventually(lambda: stage.state()["last_seq"] == 1)


def test_follower_publishes_when_the_leader_stops(stage: Stage, new_postgres: Open) -> None:
    database = new_postgres()
    holder = stage.start(make_source(), database)
    eventually(lambda: holder.active and stage.state())
    url = database.write_engine.url.render_as_string(hide_password=False)
    second = Database(url)
    replica = stage.start(make_source(), second)
    eventually(lambda: replica.ready)
    stage.stop(holder)
    append(second, *[noted(number) for number in range(50)])
    eventually(lambda: stage.streamed() == logged(second))
    assert replica.active


@contextmanager
def frozen(database: Database, *, midway: bool) -> Iterator[Connection]:
    """A transaction that has the log locked and is silent, within a statement or between two."""
    with database.write_engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        connection.exec_driver_sql("SELECT sequence FROM log_head FOR UPDATE")
        if not midway:
            yield connection
            return
        driver.pgconn.enter_pipeline_mode()
        driver.pgconn.send_query_params(b"SELECT 1", [])
        driver.pgconn.send_flush_request()
        driver.pgconn.flush()
        try:
            yield connection
        finally:
            connection.invalidate()


def is_log_free(database: Database) -> bool:
    """Whether the log can be locked at once."""
    with database.write_engine.connect() as connection:
        free = "SELECT sequence FROM log_head FOR UPDATE SKIP LOCKED"
        return connection.execute(text(free)).first() is not None


@pytest.mark.parametrize("is_follower", [False, True])
def test_log_is_free_when_its_writer_froze_in_the_midst_of_sending(
    new_postgres: Open, run: Run, *, is_follower: bool
) -> None:
    database = new_postgres()
    append(database, noted(1))
    one, two = Lease("a", database), Lease("a", database)
    run(one.acquire())

    async def ask() -> bool:
        asking = asyncio.ensure_future(two.acquire() if is_follower else one.hold())
        async with asyncio.timeout(PATIENCE):
            while not (free := await on_thread(is_log_free, database)):
                await asyncio.sleep(0.05)
        asking.cancel()
        return free

    with frozen(database, midway=True):
        assert not is_log_free(database)
        assert run(ask())


def test_log_stays_held_when_its_writer_is_silent_for_less_than_a_lease(
    new_postgres: Open, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease_module, "LEASE_SECONDS", LONG)
    database = new_postgres()
    append(database, noted(1))
    with frozen(database, midway=True):
        run(Lease("a", database).acquire())
        assert not is_log_free(database)


def test_transaction_goes_on_when_it_is_only_slow_between_statements(
    new_postgres: Open, run: Run
) -> None:
    database = new_postgres()
    append(database, noted(1))
    one = Lease("a", database)
    run(one.acquire())
    with frozen(database, midway=False) as connection:
        run(_ends(one.hold(), 2))
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1
