"""The clock check: what is trusted, what is not, and what outlives a process."""

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
    """A reading some time after the trusted one, by the steady clock and by the wall clock."""
    return Reading(boot, BELIEVED.steady + steady, BELIEVED.wall + wall)


@pytest.mark.parametrize(
    ("now", "fault"),
    [
        (since(50 * HOUR, 50 * HOUR), None),
        (since(50 * HOUR, 51 * HOUR), None),
        (since(50 * HOUR, 49 * HOUR), None),
        (since(50 * HOUR, 50 * HOUR + DAYS), ClockFault.JUMPED),
        (since(50 * HOUR, 50 * HOUR - DAYS), ClockFault.JUMPED),
        # After a boot, or on another machine, it is not known how much time has passed.
        (since(timedelta(0), DAYS, "next start"), None),
        (since(timedelta(0), -HOUR, "next start"), None),
        (since(timedelta(0), -DAYS, "next start"), ClockFault.SET_BACK),
    ],
)
def test_clock_is_not_trusted_when_it_moved_against_the_trusted_reading(
    now: Reading, fault: ClockFault | None
) -> None:
    assert fault_of(now, [BELIEVED], None) == fault


@pytest.mark.parametrize(
    ("database_time", "fault"),
    [
        (AT, None),
        (AT + HOUR, None),
        (AT - HOUR, None),
        (AT + DAYS, ClockFault.APART),
        (AT - DAYS, ClockFault.APART),
        (None, None),
    ],
)
def test_clock_is_not_trusted_when_the_databases_differs(
    database_time: datetime | None, fault: ClockFault | None
) -> None:
    assert fault_of(BELIEVED, [], database_time) == fault
    assert fault_of(BELIEVED, [BELIEVED], database_time) == fault


def test_jump_is_not_trusted_when_the_databases_clock_jumped_as_well() -> None:
    now = since(HOUR, HOUR + DAYS)
    assert fault_of(now, [BELIEVED], now.wall) == ClockFault.JUMPED


class Machine:
    """A machine whose clocks the test sets; its processes share them and the boot id."""

    def __init__(self, database: Database, at: datetime) -> None:
        self.database = database
        self.at = at
        self.seconds = 1000.0
        self.boot = "first start"

    def now(self) -> datetime:
        """The wall clock."""
        return self.at

    def pass_by(self, time: timedelta) -> None:
        """Let time pass on both clocks."""
        self.at += time
        self.seconds += time.total_seconds()

    def check(self) -> ClockFault | None:
        """What a new process finds wrong with the clock."""
        clock_check = ClockCheck(self, self.database, boot=self.boot, steady=lambda: self.seconds)
        return asyncio.run(clock_check.check())[1]


@pytest.fixture
def machine(new_file: Open) -> Machine:
    return Machine(new_file(), AT)


def test_next_process_does_not_trust_the_clock_when_it_jumped_before_until_it_is_right(
    machine: Machine,
) -> None:
    assert machine.check() is None
    machine.at += DAYS
    assert machine.check() == ClockFault.JUMPED
    machine.pass_by(2 * HOUR)
    assert machine.check() == ClockFault.JUMPED
    machine.at -= DAYS
    assert machine.check() is None


def test_clock_set_back_is_not_trusted_when_the_machine_was_restarted_until_it_is_right(
    machine: Machine,
) -> None:
    assert machine.check() is None
    machine.boot, machine.seconds = "second start", 10.0
    machine.at -= DAYS
    assert machine.check() == ClockFault.SET_BACK
    machine.pass_by(HOUR)
    assert machine.check() == ClockFault.SET_BACK
    # The wrong reading was not stored, so that setting it right is no jump.
    machine.at += DAYS
    assert machine.check() is None


def test_small_steps_are_forgiven_when_their_sum_grows_beyond_an_hour(machine: Machine) -> None:
    for _ in range(10):
        assert machine.check() is None
        machine.pass_by(2 * HOUR)
        machine.at += timedelta(minutes=20)
    assert machine.check() is None


def test_clock_is_trusted_again_when_it_was_wrong_from_the_start_and_a_person_trusts_it(
    machine: Machine,
) -> None:
    right = machine.at
    machine.at += DAYS
    assert machine.check() is None
    machine.at = right
    assert machine.check() == ClockFault.JUMPED
    trust_clock(machine.database)
    assert machine.check() is None
    machine.at += DAYS
    assert machine.check() == ClockFault.JUMPED


def test_clock_is_not_trusted_when_the_database_servers_clock_is_days_apart(
    new_postgres: Open,
) -> None:
    machine = Machine(new_postgres(), RealClock().now() + DAYS)
    assert machine.check() == ClockFault.APART
    machine.at -= DAYS
    assert machine.check() is None


def test_processes_of_one_machine_share_trusted_readings_when_they_check_at_once(
    new_postgres: Open,
) -> None:
    machine = Machine(new_postgres(), RealClock().now())

    async def both() -> list[ClockFault | None]:
        clock_checks = [ClockCheck(machine, machine.database, boot="one") for _ in range(4)]
        return [
            found[1]
            for found in await asyncio.gather(
                *(clock_check.check() for clock_check in clock_checks)
            )
        ]

    assert asyncio.run(both()) == [None] * 4


def test_reading_is_stored_from_the_start_when_a_process_only_follows(
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
