"""The targets of webhooks, in rollup's database: added, listed, removed."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from bulwark.folder import Folder
from bulwark.process import complain
from services.rollup.main import SERVICE
from services.rollup.webhooks import signing
from services.rollup.webhooks.handlers import AddTarget, RemoveTarget, places, targets
from shared.clock import CST, RealClock
from shared.db import Database
from shared.events.contract import by_service
from shared.migration import migrate
from shared.refusal import Refused
from shared.settings import Settings
from shared.writer import Work, Writer


@contextlib.contextmanager
def _database(data: Path) -> Iterator[Database]:
    Folder(data.resolve()).require()
    database = Database(Settings(data=data).database_url(SERVICE.name))
    try:
        # The folder may be new, or older than this release.
        migrate(SERVICE, database)
        yield database
    finally:
        database.close()


def _apply(data: Path, work: Work) -> tuple[str, bytes]:
    """Do one work; returns its answer and the site's secret. A refusal is said in one line."""
    with _database(data) as database:
        site = Folder(data.resolve()).site(Settings().site, RealClock())
        try:
            outcome = Writer(SERVICE, site, database).apply([work]).outcomes[0]
        finally:
            site.areas.close()
            site.vault.close()
    if isinstance(outcome, Refused):
        complain(f"{outcome.field}: {outcome.text('zh')} / {outcome.text('en')}")
    if isinstance(outcome, BaseException):
        raise outcome
    return str(outcome), site.secret


def spelled_out(types: dict[str, list[str]]) -> dict[str, list[str]]:
    """The kinds of event by service, where none means all of them."""
    known = {service: [model.name for model in models] for service, models in by_service().items()}
    return {service: names or known[service] for service, names in types.items()}


def add(
    data: Path, url: str, area: str, types: list[str], *, private: bool, from_start: bool
) -> tuple[str, str]:
    """Add a target; returns its id and its secret."""
    target, site_secret = _apply(data, AddTarget(url, area, types, private, from_start))
    return target, signing.shown(signing.secret_of(site_secret, target))


def remove(data: Path, target: str) -> None:
    """Remove a target."""
    _apply(data, RemoveTarget(target))


def listed(data: Path) -> list[str]:
    """A line for each target: where, what, how far, and what is wrong."""
    with _database(data) as database, database.reading() as session:
        lines = []
        for one in targets(session):
            told = " ".join(
                f"{source}#{at}" for source, at in sorted(places(session, one.id).items())
            )
            state = "正常 / ok"
            if one.gone is not None:
                state = f"已被对方停止(410)/ gone since {one.gone.astimezone(CST):%m-%d %H:%M}"
            elif one.failing_since is not None:
                since = f"{one.failing_since.astimezone(CST):%m-%d %H:%M}"
                state = f"失败 / failing since {since}, {one.attempts}×: {one.error}"
            lines.append(f"{one.id}  {one.url}  {one.area}  {told}  {state}")
        return lines
