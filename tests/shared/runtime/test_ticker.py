"""The ticker: due timers are submitted, a failing one delays no other, a wrong clock stops all."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from shared.clock.clock import CST, RealClock, VirtualClock
from shared.database.engine import Database
from shared.runtime.clock_check import ClockCheck, ClockFault
from shared.runtime.ticker import Tick, Ticker
from shared.writer.timers import due_rows, next_due, schedule, schedule_many, unschedule
from shared.writer.writer import Writer
from tests.faults.table import FAULT, Fault, row_of
from tests.support.core.pair import AT, Open, Whims, called, make_sink, make_site
from tests.support.harness import PATIENCE

MINUTE = timedelta(minutes=1)


class Hand:
    """A wall clock that the test sets."""

    def __init__(self, at: datetime = AT) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


class CountedCheck(ClockCheck):
    """A clock check that counts its checks."""

    checks = 0

    async def check(self) -> tuple[datetime, ClockFault | None]:
        """Check, then count it."""
        found = await super().check()
        self.checks += 1
        return found


class Room:
    """A sink with its ticker, on a clock of the test's own; each is a process of its own."""

    def __init__(self, database: Database, clock: Any, boot: str = "this machine") -> None:
        self.whims = Whims()
        self.database = database
        self.writer = Writer(make_sink(self.whims), make_site(clock), database)
        self.clock_check = CountedCheck(clock, database, boot=boot)
        self.ticker = Ticker(self.writer, database, self.clock_check)

    def ask(self, *items: tuple[str, datetime], kind: str = "call") -> None:
        """Set timers."""
        with self.database.writing() as session:
            schedule_many(session.connection(), kind, items)
            session.commit()

    def called(self) -> list[str]:
        """The keys called, in order."""
        with self.database.reading() as session:
            return list(session.execute(select(called.c.key).order_by(called.c.position)).scalars())

    def waiting(self) -> dict[str, datetime]:
        """The timers that are still set."""
        with self.database.reading() as session:
            return {row.key: row.at for row in session.execute(select(due_rows))}

    def tick(self) -> int:
        """One tick; returns how many were due."""

        async def scenario() -> int:
            self.writer.start()
            count = await self.ticker.tick()
            await self.writer.stop()
            return count

        return asyncio.run(scenario())


def test_due_rows_are_called_in_order_when_their_time_has_come(database: Database) -> None:
    room = Room(database, VirtualClock(AT))
    room.ask(("c", AT), ("a", AT - 2 * MINUTE), ("later", AT + MINUTE), ("b", AT - MINUTE))
    assert room.tick() == 3
    assert room.called() == ["a", "b", "c"]
    assert room.waiting() == {"later": AT + MINUTE}


def test_all_are_called_when_more_are_due_than_go_into_one_transaction(new_file: Open) -> None:
    room = Room(new_file(), VirtualClock(AT))
    room.ask(*[(f"{number:03}", AT) for number in range(450)])
    assert room.tick() == 450
    assert room.called() == [f"{number:03}" for number in range(450)]


def test_others_are_called_when_one_handler_fails(database: Database) -> None:
    clock = VirtualClock(AT)
    room = Room(database, clock)
    room.whims.failing = {"b"}
    room.ask(("a", AT), ("b", AT), ("c", AT))
    assert room.tick() == 3
    assert room.called() == ["a", "c"]
    assert room.waiting() == {"b": AT + timedelta(minutes=5)}
    room.whims.failing = set()
    clock.step_to(AT + timedelta(minutes=5))
    again = Room(database, clock)
    assert again.tick() == 1
    assert again.called() == ["a", "c", "b"]
    assert again.waiting() == {}


def test_kind_that_this_release_does_not_know_stays_when_others_are_called(
    new_file: Open,
) -> None:
    room = Room(new_file(), VirtualClock(AT))
    room.ask(("strange", AT), kind="unheard_of")
    room.ask(("a", AT))
    assert room.tick() == 2
    assert room.called() == ["a"]
    assert list(room.waiting()) == ["strange"]


def test_call_is_moved_when_it_is_asked_for_again(database: Database) -> None:
    with database.writing() as session:
        connection = session.connection()
        schedule(connection, "call", "a", AT)
        schedule(connection, "call", "a", AT + MINUTE)
        schedule_many(connection, "call", [("b", AT), ("b", AT + 2 * MINUTE), ("c", AT)])
        unschedule(connection, "call", ["c", "never asked for"])
        assert next_due(connection) == AT + MINUTE
        session.commit()
    assert Room(database, VirtualClock(AT)).waiting() == {
        "a": AT + MINUTE,
        "b": AT + 2 * MINUTE,
    }


def test_time_comes_back_in_china_standard_time_when_it_was_stored_elsewhere(
    database: Database,
) -> None:
    room = Room(database, VirtualClock(AT))
    abroad = datetime.fromisoformat("2021-01-18T00:00:00.123456+00:00")
    room.ask(("a", abroad))
    (found,) = room.waiting().values()
    assert found == abroad
    assert found.utcoffset() == CST.utcoffset(None)
    with pytest.raises(Exception, match="without offset"):
        room.ask(("b", abroad.replace(tzinfo=None)))


@contextmanager
def writing(room: Room, runner: asyncio.Runner) -> Iterator[None]:
    """The room's writer runs while the block does."""

    async def start() -> None:
        room.writer.start()

    runner.run(start())
    try:
        yield
    finally:
        runner.run(room.writer.stop())


@contextmanager
def term(room: Room, runner: asyncio.Runner) -> Iterator[asyncio.Task[None]]:
    """The room's ticker runs while the block does."""

    async def start() -> asyncio.Task[None]:
        return asyncio.create_task(room.ticker.run())

    async def stop(task: asyncio.Task[None]) -> None:
        task.cancel()
        await asyncio.wait([task])

    task = runner.run(start())
    try:
        yield task
    finally:
        runner.run(stop(task))


async def until(probe: Any) -> None:
    async with asyncio.timeout(PATIENCE):
        while not probe():
            await asyncio.sleep(0.005)


async def stands_still(room: Room) -> None:
    """The ticker has stopped, and has checked the clock again since."""
    await until(lambda: room.ticker.stopped_by_jump)
    checks = room.clock_check.checks
    await until(lambda: room.clock_check.checks >= checks + 3)


async def goes_on(room: Room) -> None:
    """The ticker runs, and nothing is due any longer."""
    await until(lambda: not room.ticker.stopped_by_jump and len(room.waiting()) == 1)


def test_nothing_ends_early_when_a_wrong_clock_outlives_process_and_term(
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    logs: list[Any],
    record_property: Callable[[str, object], None],
) -> None:
    monkeypatch.setattr("shared.runtime.ticker.TICK_SECONDS", 0.005)
    kind = "sqlite" if database.is_sqlite else "postgres"
    fault = Fault("Wall clock set days ahead, over terms, restart and take-over", kind, records=3)
    # The database's own clock, where it has one, is right all the time.
    start = RealClock().now()
    hand = Hand(start)
    first, restarted = Room(database, hand), Room(database, hand)
    rooms = [restarted]
    if not database.is_sqlite:
        rooms.append(Room(database, hand, boot="another machine"))
    first.ask(("due", start), ("soon", start + MINUTE), ("in days", start + timedelta(days=3)))
    with asyncio.Runner() as runner:
        with writing(first, runner):
            with term(first, runner):
                runner.run(until(lambda: first.called() == ["due"]))
                hand.at += timedelta(days=4)
                runner.run(stands_still(first))
            assert first.ticker.stopped_by_jump is False
            with term(first, runner):
                runner.run(stands_still(first))
        for room in rooms:
            with writing(room, runner), term(room, runner) as task:
                hand.at = start + timedelta(days=4)
                fault.times += 1
                runner.run(stands_still(room))
                assert room.called()[:1] == ["due"]
                assert "in days" in room.waiting()
                hand.at = start + 2 * MINUTE
                with fault.recovering():
                    runner.run(goes_on(room))
                assert not task.done()
    called = first.called()
    fault.lost = len({"due", "soon"} - set(called))
    fault.doubled = len(called) - len(set(called))
    assert (called, fault.lost, fault.doubled) == (["due", "soon"], 0, 0)
    assert list(first.waiting()) == ["in days"]
    # Each term logs it once.
    assert [entry["event"] for entry in logs].count("clock.jumped") == 2 + len(rooms)
    record_property(FAULT, row_of(fault))


def test_ticks_go_on_when_the_database_was_away(
    new_file: Open, monkeypatch: pytest.MonkeyPatch, logs: list[Any]
) -> None:
    monkeypatch.setattr("shared.runtime.ticker.TICK_SECONDS", 0.005)
    failures = [OperationalError("SELECT", {}, Exception("the connection is gone"))] * 3

    def fail(*values: Any) -> Any:
        if failures:
            raise failures.pop()
        return next_due(*values)

    monkeypatch.setattr("shared.runtime.ticker.next_due", fail)
    room = Room(new_file(), Hand())
    room.ask(("due", AT))
    with asyncio.Runner() as runner, writing(room, runner), term(room, runner) as task:
        runner.run(until(lambda: room.called() == ["due"]))
        assert not task.done()
    assert [entry["event"] for entry in logs].count("tick.delayed") == 3


def test_nothing_is_called_twice_when_two_replicas_tick(database: Database) -> None:
    room = Room(database, VirtualClock(AT))
    room.ask(*[(f"{number:02}", AT) for number in range(30)])
    url = database.write_engine.url.render_as_string(hide_password=False)
    other = Database(url)
    replica = Room(other, VirtualClock(AT))

    async def scenario() -> list[int]:
        room.writer.start()
        replica.writer.start()
        ticks = [one.writer.submit(Tick()) for one in (room, replica, room, replica)]
        counts = await asyncio.gather(*ticks)
        await room.writer.stop()
        await replica.writer.stop()
        return counts

    assert sum(asyncio.run(scenario())) == 30
    other.close()
    assert room.called() == [f"{number:02}" for number in range(30)]
