"""A log filled beforehand, with the rows that intake would write of screenings."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import uuid_utils

from bench.posts import Screenings
from bulwark.data_folder import Folder
from bulwark.registry import SERVICES
from shared.clock.clock import CST
from shared.database.engine import Database
from shared.events.envelope import encode, subject_of
from shared.events.intake.screenings import ScreeningRecorded
from shared.runtime.migrations import migrate
from shared.writer.log import AppendBuffer, Row

AT_ONCE = 5000


@contextmanager
def database_of(folder: Folder, service: str) -> Iterator[Database]:
    """A service's database in a folder, made when it is not there."""
    database = Database(f"sqlite:///{folder.path / 'db' / service}.db")
    with closing(database):
        migrate(SERVICES[service], database)
        yield database


def fill(folder: Path, count: int) -> list[Row]:
    """Fill intake's log with screenings; returns its rows."""
    prepared = Folder(folder)
    prepared.prepare()
    screenings = Screenings(prepared.areas)
    rows: list[Row] = []
    with database_of(prepared, "intake") as database:
        while len(rows) < count:
            rows += _append(database, screenings.lines(min(AT_ONCE, count - len(rows))))
    return rows


def _append(database: Database, lines: list[bytes]) -> list[Row]:
    now = datetime.now(CST)
    time = now.isoformat(timespec="milliseconds")
    with database.writing() as session:
        page = AppendBuffer(session.connection(), database)
        for line in lines:
            event = _event(orjson.loads(line), now)
            id_ = str(uuid_utils.uuid7())
            document = encode(event, id_, page.head + 1, time, "bulwark", drill=False)
            page.add(subject_of(event.service, event.name, event.area), document)
        rows = page.write()
        session.commit()
    return rows


def _event(said: dict[str, Any], now: datetime) -> ScreeningRecorded:
    id_ = said.pop("id")
    return ScreeningRecorded(screening_id=id_, occurred_at=now, **said)
