"""A backup each night: due by the clock, rehearsed, the oldest let go. P3."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulwark.backup import nightly
from bulwark.backup.manifest import NAME, BackupError
from bulwark.backup.nightly import AGAIN_AFTER, Plan, is_due, last_turn, make_if_due
from bulwark.backup.nightly_run import make_now, outlived
from bulwark.backup.record import Record, Rehearsal, read_record
from shared.clock.clock import CST, RealClock, VirtualClock
from shared.files import write_whole
from tests.bulwark.backup.conftest import Made
from tests.support.backups import quiet
from tests.support.harness import PATIENCE

EVENING = datetime(2021, 3, 1, 18, 0, tzinfo=CST)
HOUR = timedelta(hours=1)


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return Plan(tmp_path / "backups", hour=2, keep=3, keys=None)


class Nights:
    """A maker of backups that says how the next one goes."""

    def __init__(self, plan: Plan, clock: VirtualClock) -> None:
        self.plan, self.clock = plan, clock
        self.made: list[datetime] = []
        self.fails = self.dies = False

    async def make(self) -> None:
        self.made.append(self.clock.now())
        if self.dies:
            return
        record = read_record(self.plan.folder)
        if self.fails:
            record.failed(self.clock.now(), "no room").write(self.plan.folder)
        else:
            Record(finished_at=self.clock.now(), path="x").write(self.plan.folder)

    def make_if_due(self) -> bool:
        return asyncio.run(make_if_due(self.plan, self.clock, self.make))


def test_one_is_made_each_night_when_the_machine_stays_on(plan: Plan) -> None:
    clock = VirtualClock(EVENING)
    nights = Nights(plan, clock)
    for _ in range(4 * 24 * 4):
        nights.make_if_due()
        clock.step_to(clock.now() + HOUR / 4)
    assert [at.hour for at in nights.made] == [2] * 4
    assert len({at.date() for at in nights.made}) == 4


def test_it_is_made_in_the_morning_when_the_machine_was_off_at_night(plan: Plan) -> None:
    clock = VirtualClock(EVENING)
    nights = Nights(plan, clock)
    assert not nights.make_if_due()
    # Off from the evening until eight, each day.
    for day in (1, 2, 3):
        clock.step_to(EVENING.replace(hour=8) + timedelta(days=day))
        assert nights.make_if_due()
        assert not nights.make_if_due()
        clock.step_to(EVENING + timedelta(days=day))
        assert not nights.make_if_due()
    assert [at.hour for at in nights.made] == [8, 8, 8]


def test_it_is_tried_again_an_hour_later_when_it_failed(plan: Plan) -> None:
    clock = VirtualClock(EVENING)
    nights = Nights(plan, clock)
    nights.make_if_due()
    nights.fails = True
    clock.step_to(EVENING.replace(hour=3) + timedelta(days=1))
    assert nights.make_if_due()
    clock.step_to(clock.now() + AGAIN_AFTER / 2)
    assert not nights.make_if_due()
    clock.step_to(clock.now() + AGAIN_AFTER / 2)
    nights.fails = False
    assert nights.make_if_due()
    assert read_record(plan.folder).error is None
    assert not nights.make_if_due()


def test_failure_is_told_when_the_making_died_without_a_word(plan: Plan) -> None:
    clock = VirtualClock(EVENING)
    nights = Nights(plan, clock)
    nights.make_if_due()
    nights.dies = True
    clock.step_to(EVENING + timedelta(days=1))
    assert nights.make_if_due()
    record = read_record(plan.folder)
    assert record.failed_at == clock.now()
    assert record.finished_at is None
    assert not nights.make_if_due()


@given(
    after=st.timedeltas(timedelta(), timedelta(days=3650)),
    hour=st.integers(0, 23),
    since=st.timedeltas(timedelta(hours=-48), timedelta(days=30)),
)
def test_it_is_due_exactly_when_the_hour_has_struck_since_the_last(
    after: timedelta, hour: int, since: timedelta
) -> None:
    now = EVENING + after
    turn = last_turn(now, hour)
    assert turn <= now < turn + timedelta(days=1)
    assert turn.hour == hour
    last = now - since
    # One that lies ahead was made while the clock was wrong: it must not hold up all others.
    expected = last < turn or last > now + HOUR
    assert is_due(Record(finished_at=last), now, now, hour) is expected


def test_oldest_and_what_was_cut_short_go_when_enough_are_kept(tmp_path: Path) -> None:
    names = [f"2021-03-0{day}T02-00-00" for day in range(1, 8)]
    for name in names:
        (tmp_path / name).mkdir()
        if name != names[2] and name != names[6]:
            write_whole(tmp_path / name / NAME, b"{}")
    (tmp_path / "kept-by-hand").mkdir()
    (tmp_path / "by-hand.failed").mkdir()
    for name in names[:2]:
        (tmp_path / f".making-{name}").mkdir()
        (tmp_path / f"{name}.failed").mkdir()
    gone = [path.name for path in outlived(tmp_path, 3)]
    # The last has no manifest yet: it may be in the making.
    cut_short = [f".making-{names[0]}", f"{names[0]}.failed"]
    assert gone == [*cut_short, names[0], names[1], names[2]]


@pytest.mark.requirement("P3")
def test_night_is_told_with_its_rehearsal_when_it_was_made(made: Made, tmp_path: Path) -> None:
    plan = Plan(tmp_path / "nights", hour=2, keep=1, keys=tmp_path / "keys")
    first = make_now(made.source, plan, RealClock(), quiet)
    assert first.rehearsal is not None
    assert first.rehearsal.ok
    assert read_record(plan.folder) == read_record(made.source.backups) == first
    clock = VirtualClock(RealClock().now() + HOUR)
    second = make_now(made.source, plan, clock, quiet)
    left = [path.name for path in plan.folder.iterdir() if path.is_dir()]
    assert left == [Path(str(second.path)).name]
    assert first.path != second.path
    assert (tmp_path / "keys" / "people.db").exists()


def test_no_older_backup_goes_when_the_rehearsal_fails(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Plan(tmp_path / "nights", hour=2, keep=1, keys=None)
    good = make_now(made.source, plan, RealClock(), quiet)

    def fails(*_arguments: object) -> Rehearsal:
        return Rehearsal(at=RealClock().now(), ok=False, error="rollup: damaged")

    monkeypatch.setattr("bulwark.backup.nightly_run.rehearse", fails)
    clock = VirtualClock(RealClock().now() + HOUR)
    for _ in range(3):
        with pytest.raises(BackupError, match="rollup: damaged"):
            make_now(made.source, plan, clock, quiet)
        clock.step_to(clock.now() + HOUR)
    assert (Path(str(good.path)) / NAME).exists()
    left = sorted(path.name for path in plan.folder.iterdir() if path.is_dir())
    # The good one, and the last of those that failed.
    assert len(left) == 2
    assert left[1].endswith(".failed")
    record = read_record(plan.folder)
    assert record.finished_at == good.finished_at
    assert record.error == "rollup: damaged"


def test_nothing_is_left_when_the_making_fails(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Plan(tmp_path / "nights", hour=2, keep=1, keys=None)

    def fails(*_arguments: object) -> Rehearsal:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bulwark.backup.nightly_run.rehearse", fails)
    with pytest.raises(OSError, match="No space left"):
        make_now(made.source, plan, RealClock(), quiet)
    assert not [path for path in plan.folder.iterdir() if path.is_dir()]
    assert "No space left" in str(read_record(plan.folder).error)


def test_making_ends_with_us_when_we_are_ended(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec tail -f /dev/null\n")
    program.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(program))

    async def begin_and_end() -> None:
        plan = Plan(tmp_path, 2, 1, None)
        making = asyncio.create_task(nightly.make_apart(made.source.folder.path, plan))
        async with asyncio.timeout(PATIENCE):
            while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
                await asyncio.sleep(0.01)
        making.cancel()
        with pytest.raises(asyncio.CancelledError):
            await making

    asyncio.run(begin_and_end())
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()
