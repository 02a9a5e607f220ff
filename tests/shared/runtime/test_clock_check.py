"""The watch over the clock: what is believed, what is doubted, and what outlives a process."""

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from shared.clock.clock import RealClock
from shared.database.engine import Database
from shared.runtime.clock_check import (
    ClockCheck,
    ClockFault,
    Reading,
    clocks,
    fault_of,
    trust_clock,
)
from tests.support.core.pair import AT, Open, make_source
from tests.support.core.stage import Stage
from tests.support.harness import eventually

HOUR = timedelta(hours=1)
DAYS = timedelta(days=3)
BELIEVED = Reading("this start", timedelta(hours=5), AT)


def since(steady: timedelta, wall: timedelta, boot: str = "this start") -> Reading:
    """A reading so long after the one that was believed, by either clock."""
    return Reading(boot, BELIEVED.steady + steady, BELIEVED.wall + wall)


@pytest.mark.parametrize(
    ("now", "doubt"),
    [
        (since(50 * HOUR, 50 * HOUR), None),
        (since(50 * HOUR, 51 * HOUR), None),
        (since(50 * HOUR, 49 * HOUR), None),
        (since(50 * HOUR, 50 * HOUR + DAYS), ClockFault.JUMPED),
        (since(50 * HOUR, 50 * HOUR - DAYS), ClockFault.JUMPED),
        # Started again, or another machine: time has passed that nobody counted.
        (since(timedelta(0), DAYS, "next start"), None),
        (since(timedelta(0), -HOUR, "next start"), None),
        (since(timedelta(0), -DAYS, "next start"), ClockFault.SET_BACK),
    ],
)
def test_clock_is_doubted_when_it_moved_against_what_was_believed(
    now: Reading, fault: ClockFault | None
) -> None:
    assert fault_of(now, [BELIEVED], None) == fault


@pytest.mark.parametrize(
    ("database_time", "doubt"),
    [
        (AT, None),
        (AT + HOUR, None),
        (AT - HOUR, None),
        (AT + DAYS, ClockFault.APART),
        (AT - DAYS, ClockFault.APART),
        (None, None),
    ],
)
def test_clock_is_doubted_when_the_databases_is_another(
    database_time: datetime | None, fault: ClockFault | None
) -> None:
    assert fault_of(BELIEVED, [], database_time) == fault
    assert fault_of(BELIEVED, [BELIEVED], database_time) == fault


def test_jump_is_doubted_when_the_databases_clock_jumped_as_well() -> None:
    now = since(HOUR, HOUR + DAYS)
    assert fault_of(now, [BELIEVED], now.wall) == ClockFault.JUMPED


class Machine:
    """A machine whose clocks the test sets; its processes share them and the start's id."""

    def __init__(self, database: Database, at: datetime) -> None:
        self.database = database
        self.at = at
        self.seconds = 1000.0
        self.boot = "first start"

    def now(self) -> datetime:
        """The wall clock."""
        return self.at

    def pass_by(self, time: timedelta) -> None:
        """Both clocks go on."""
        self.at += time
        self.seconds += time.total_seconds()

    def look(self) -> ClockFault | None:
        """What a new process says of the clock."""
        watch = ClockCheck(self, self.database, boot=self.boot, steady=lambda: self.seconds)
        return asyncio.run(watch.check())[1]


@pytest.fixture
def machine(new_file: Open) -> Machine:
    return Machine(new_file(), AT)


def test_next_process_doubts_the_clock_when_it_jumped_before_and_not_once_it_is_right(
    machine: Machine,
) -> None:
    assert machine.look() is None
    machine.at += DAYS
    assert machine.look() == ClockFault.JUMPED
    machine.pass_by(2 * HOUR)
    assert machine.look() == ClockFault.JUMPED
    machine.at -= DAYS
    assert machine.look() is None


def test_clock_set_back_is_doubted_when_the_machine_was_started_anew_until_it_is_right(
    machine: Machine,
) -> None:
    assert machine.look() is None
    machine.boot, machine.seconds = "second start", 10.0
    machine.at -= DAYS
    assert machine.look() == ClockFault.SET_BACK
    machine.pass_by(HOUR)
    assert machine.look() == ClockFault.SET_BACK
    # What was doubted was not kept: now right, it is no jump.
    machine.at += DAYS
    assert machine.look() is None


def test_small_steps_are_forgiven_when_their_sum_grows_beyond_an_hour(machine: Machine) -> None:
    for _ in range(10):
        assert machine.look() is None
        machine.pass_by(2 * HOUR)
        machine.at += timedelta(minutes=20)
    assert machine.look() is None


def test_clock_is_believed_anew_when_it_was_wrong_from_the_start_and_a_person_trusts_it(
    machine: Machine,
) -> None:
    right = machine.at
    machine.at += DAYS
    assert machine.look() is None
    machine.at = right
    assert machine.look() == ClockFault.JUMPED
    trust_clock(machine.database)
    assert machine.look() is None
    machine.at += DAYS
    assert machine.look() == ClockFault.JUMPED


def test_machine_is_doubted_when_the_database_servers_clock_is_days_apart(
    new_postgres: Open,
) -> None:
    machine = Machine(new_postgres(), RealClock().now() + DAYS)
    assert machine.look() == ClockFault.APART
    machine.at -= DAYS
    assert machine.look() is None


def test_processes_of_one_machine_share_what_is_believed_when_they_look_at_once(
    new_postgres: Open,
) -> None:
    machine = Machine(new_postgres(), RealClock().now())

    async def both() -> list[ClockFault | None]:
        watches = [ClockCheck(machine, machine.database, boot="one") for _ in range(4)]
        return [found[1] for found in await asyncio.gather(*(watch.check() for watch in watches))]

    assert asyncio.run(both()) == [None] * 4


def test_clock_is_kept_from_the_start_when_a_process_only_stands_by(
    stage: Stage, new_postgres: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = new_postgres()
    url = database.write_engine.url.render_as_string(hide_password=False)
    monkeypatch.setattr("shared.runtime.clock_check.boot_id", lambda: "of the holder")
    holder = stage.start(make_source(), database)
    eventually(lambda: holder.active)
    monkeypatch.setattr("shared.runtime.clock_check.boot_id", lambda: "of another")
    replica = stage.start(make_source(), Database(url))
    with database.reading() as session:
        known = set(session.execute(select(clocks.c.boot)).scalars())
    assert known == {"of the holder", "of another"}
    assert not replica.active
