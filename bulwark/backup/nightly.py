"""A rehearsed backup each night, due by the clock: a machine that was off at night makes it in the
morning.

It is made in a separate process: the services neither wait for it nor use more memory.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from bulwark.backup.record import (
    Record,
    first_check,
    read_record,
    record_failure,
)
from bulwark.backup.source import Source, source_of
from shared.clock.clock import CST, Clock
from shared.logs import get_logger

CHECK_SECONDS = 30.0
AGAIN_AFTER = timedelta(hours=1)
# A last backup further in the future than this was made while the clock was wrong.
AHEAD = timedelta(hours=1)
NICENESS = 10

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Plan:
    """Where the nightly backups go, at which hour (China Standard Time), and how many are kept."""

    folder: Path
    hour: int
    keep: int
    keys: Path | None


def plan_of(source: Source, folder: Path | None = None, keys: Path | None = None) -> Plan:
    """The plan given by the settings; folder and keys may be overridden."""
    settings = source.settings
    usual = Path(settings.backup_keys) if settings.backup_keys else None
    return Plan(folder or source.backups, settings.backup_hour, settings.backup_keep, keys or usual)


def is_due(record: Record, first_check: datetime, now: datetime, hour: int) -> bool:
    """Whether a backup is due: its hour has passed since the last one.

    The first night counts from the first check, not from before the site existed.
    """
    since = record.finished_at or first_check
    if record.failed_at is not None and timedelta() <= now - record.failed_at < AGAIN_AFTER:
        return False
    return since > now + AHEAD or since < last_turn(now, hour)


def last_turn(now: datetime, hour: int) -> datetime:
    """The last time at which it was this hour."""
    local = now.astimezone(CST)
    turn = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    return turn if turn <= local else turn - timedelta(days=1)


async def watch(plan: Plan, clock: Clock, make: Callable[[], Awaitable[None]]) -> None:
    """Make a backup whenever one is due, forever; a failed one is retried after an hour."""
    while True:
        try:
            await make_if_due(plan, clock, make)
        except OSError as error:
            log.critical("backup.unwatched", folder=str(plan.folder), error=str(error))
        await asyncio.sleep(CHECK_SECONDS)


async def make_if_due(plan: Plan, clock: Clock, make: Callable[[], Awaitable[None]]) -> bool:
    """Make a backup if one is due; returns whether it was."""
    record, now = read_record(plan.folder), clock.now()
    if not is_due(record, first_check(plan.folder, now), now, plan.hour):
        return False
    await make()
    record = read_record(plan.folder)
    if record.failed_at is not None and record.failed_at >= now:
        log.critical("backup.failed", error=record.error)
    elif record.finished_at is None or record.finished_at < now:
        # It was killed before it could record its failure.
        record_failure({plan.folder}, clock.now(), "ended before it was finished")
        log.critical("backup.failed", error="ended before it was finished")
    else:
        log.info("backup.finished", path=record.path, bytes=record.bytes, seconds=record.seconds)
    return True


async def make_apart(data: Path, plan: Plan) -> None:
    """Make the backup in a separate process, which ends with this one."""
    words = ["backup", "--nightly", "--once", "--data", str(data), str(plan.folder)]
    if plan.keys is not None:
        words += ["--keys", str(plan.keys)]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bulwark",
        *words,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        # A session of its own, so that PostgreSQL's programs end with it.
        start_new_session=True,
    )
    try:
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process.pid, NICENESS)
        await process.wait()
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            await process.wait()


def _log_end(watching: asyncio.Task[None]) -> None:
    if not watching.cancelled():
        log.critical("backup.unwatched", error=repr(watching.exception()))


@contextlib.asynccontextmanager
async def nightly_backups(data: Path, clock: Clock) -> AsyncIterator[None]:
    """Make nightly backups of an instance while the block runs."""
    plan = plan_of(source_of(data))
    watching = asyncio.create_task(watch(plan, clock, lambda: make_apart(data, plan)))
    watching.add_done_callback(_log_end)
    try:
        yield
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching
