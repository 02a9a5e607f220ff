"""The targets of webhooks, in rollup's database: added, listed, paused, removed."""

import contextlib
import getpass
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from bulwark.admin.cli_audit import make_for_the_owner
from bulwark.console import complain
from bulwark.data_folder import Folder
from bulwark.settings import Settings
from services.rollup.main import SERVICE
from services.rollup.webhooks import handlers, signing
from services.rollup.webhooks.domain import every_kind
from services.rollup.webhooks.handlers import AddTarget, PauseTarget, RemoveTarget, SkipEvent
from services.rollup.webhooks.listing import ListedTarget, has_targets, listed_targets
from shared.clock.clock import CST, RealClock
from shared.database.engine import Database
from shared.exceptions import Rejected
from shared.runtime.migrations import migrate
from shared.writer.writer import Work, Writer


@contextlib.contextmanager
def _database(data: Path) -> Iterator[Database]:
    Folder(data.resolve()).require()
    url = Settings(data=data).database_url(SERVICE.name)
    make_for_the_owner(url)
    database = Database(url)
    try:
        # The database may be new, or older than this release.
        migrate(SERVICE, database)
        yield database
    finally:
        database.close()


def _apply(data: Path, work: Work) -> tuple[str, bytes]:
    """Apply a change; returns its result and the site's secret. Exits with a line if rejected."""
    with _database(data) as database:
        site = Folder(data.resolve()).site(Settings().site, RealClock())
        try:
            outcome = Writer(SERVICE, site, database).apply([work]).outcomes[0]
        finally:
            site.areas.close()
            site.vault.close()
    if isinstance(outcome, Rejected):
        complain(f"{outcome.field}: {outcome.text('zh')} / {outcome.text('en')}")
    if isinstance(outcome, BaseException):
        raise outcome
    return str(outcome), site.secret


def spelled_out(types: dict[str, list[str]]) -> list[str]:
    """The event types of a target, from the types by service, where an empty list means all."""
    return [
        name
        for service, names in types.items()
        for name in ([f"bulwark.{service}.{one}" for one in names] or [every_kind(service)])
    ]


def add(
    data: Path, url: str, area: str, types: list[str], *, private: bool, from_start: bool
) -> tuple[str, str]:
    """Add a target; returns its id and its secret."""
    work = AddTarget(url, area, types, private, from_start, reason=_who())
    target, site_secret = _apply(data, work)
    return target, signing.shown(signing.secret_of(site_secret, target))


def remove(data: Path, target: str) -> None:
    """Remove a target."""
    _apply(data, RemoveTarget(target, reason=_who()))


def pause(data: Path, target: str) -> None:
    """Stop sending to a target until it is resumed."""
    _apply(data, PauseTarget(target, reason=_who()))


def resume(data: Path, target: str) -> None:
    """Continue sending to a target."""
    _apply(data, PauseTarget(target, paused=False, reason=_who()))


def skip(data: Path, target: str) -> str:
    """Skip the event that a target does not accept; returns which, as `alerts#7`."""
    return _apply(data, SkipEvent(target, reason=_who()))[0]


def pause_all(url: str) -> int:
    """Pause every target in a rollup database that no process uses; returns how many.

    A copy of a site also has the key: what it sends would look like the original site's.
    """
    database = Database(url)
    try:
        with database.read_engine.connect() as connection:
            if not has_targets(connection):
                return 0
        # The database may be older than this release.
        migrate(SERVICE, database)
        with database.write_engine.begin() as connection:
            return handlers.pause_all(_Alone(connection, RealClock().now()), "restore")
    finally:
        database.close()


@dataclass(frozen=True, slots=True)
class _Alone:
    """A transaction without a writer."""

    connection: Connection
    now: datetime
    caller: None = None


def _who() -> str:
    """The operating system's user: the command line has no token."""
    try:
        return f"user {getpass.getuser()}"
    except (OSError, KeyError):
        return f"user {os.getuid()}"


def listed(data: Path) -> list[str]:
    """A line for each target: URL, area, types, checkpoints and state."""
    with _database(data) as database, database.reading() as session:
        lines = []
        for one in listed_targets(session):
            checkpoints = " ".join(
                f"{source}#{at if at >= 0 else '…'}"
                for source, at in sorted(one.checkpoints.items())
            )
            types = ",".join(name.removeprefix("bulwark.") for name in one.types)
            lines.append(
                f"{one.id}  {_masked(one.url)}  {one.area}  {types}  {checkpoints}  {_state(one)}"
            )
        return lines


def _masked(url: str) -> str:
    """A URL without its query, which may hold a token."""
    before, mark, _ = url.partition("?")
    return f"{before}?…" if mark else before


def _state(one: ListedTarget) -> str:
    if one.gone is not None:
        return f"已被对方停止(410)/ gone since {one.gone.astimezone(CST):%m-%d %H:%M}"
    if one.paused is not None:
        since = f"{one.paused.astimezone(CST):%m-%d %H:%M}"
        return f"已暂停 / paused since {since}: bulwark webhook resume {one.id}"
    if one.failing_since is not None:
        since = f"{one.failing_since.astimezone(CST):%m-%d %H:%M}"
        at = f" {one.failing}" if one.failing else ""
        return f"失败 / failing since {since},{at} {one.attempts}×: {one.error}"
    return "正常 / ok"
