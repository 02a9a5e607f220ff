"""Events for rollup's tests, and ways to put them where rollup reads them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import delete

from bulwark.data_folder import Folder
from services.rollup.main import SERVICE
from shared.clock.clock import VirtualClock
from shared.database.engine import Database
from shared.database.types import core
from shared.events.base import Event
from shared.events.envelope import Recorded, encode, parse, subject_of
from shared.inbox.applying import Batch
from shared.inbox.checkpoints import checkpoint_in
from shared.inbox.entry import Entry
from shared.writer.log import Row
from shared.writer.transaction import Transaction
from shared.writer.writer import Writer
from tests.support.harness import Node, new_id

E = TypeVar("E", bound=Event)

A = "220581001001"
B = "220581001002"
C = "220581100201"
MORNING = datetime.fromisoformat("2021-03-01T08:00:00+08:00")


def made(model: type[E], **values: Any) -> E:
    """An event in community A, on the first morning, with what it needs filled in."""
    defaults: dict[str, Any] = {"area": A, "occurred_at": MORNING}
    for name, field in model.model_fields.items():
        if field.is_required() and name.endswith("_id"):
            defaults[name] = new_id()
    defaults |= {name: value for name, value in USUAL.items() if name in model.model_fields}
    return model.model_validate({**defaults, **values})


USUAL: dict[str, Any] = {
    "place_kind": "checkpoint",
    "respond_by": MORNING,
    "policy": "2021-01#fever.threshold_c",
    "temperature_c": 37.6,
    "screened_at": MORNING,
}


def recorded(event: E, sequence: int = 1) -> Recorded[E]:
    """An event as a handler receives it."""
    return Recorded(new_id(), event.service, sequence, event.occurred_at, event)


def entries(events: Iterable[Event], after: int) -> list[Entry]:
    """Messages of a stream that follow a place."""
    found = []
    for sequence, event in enumerate(events, after + 1):
        event_id = event.derived_id() if event.because else new_id()
        time = event.occurred_at.isoformat()
        document = encode(event, event_id, sequence, time, "test", drill=False)
        found.append(Entry(sequence, document, parse(document)))
    return found


class Projection:
    """Rollup's writer alone, on a database of its own, without a broker."""

    def __init__(self, folder: Path, now: datetime = MORNING) -> None:
        place = Folder(folder)
        place.prepare()
        self.clock = VirtualClock(now)
        self.site = place.site("test", self.clock)
        self.database = Database(f"sqlite:///{folder / 'rollup.db'}")
        for metadata in (core, SERVICE.metadata):
            metadata.create_all(self.database.write_engine)
        self.writer = Writer(SERVICE, self.site, self.database)

    def apply(self, source: str, events: Sequence[Event]) -> Sequence[Row]:
        """Apply events of one source in one transaction; returns what rollup logged."""
        with self.database.reading() as session:
            after = checkpoint_in(session.connection(), source)
        commit = self.writer.apply([Batch(source, after, entries(events, after))])
        for outcome in commit.outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        return commit.rows

    def clear(self) -> None:
        """Forget everything."""
        with self.database.write_engine.begin() as connection:
            for metadata in (core, SERVICE.metadata):
                for table in metadata.sorted_tables:
                    connection.execute(delete(table))

    def close(self) -> None:
        """Close the files."""
        self.database.close()
        self.site.areas.close()
        self.site.vault.close()


@dataclass
class Told:
    """Work that puts events into a service's log as they are, without its own handlers."""

    events: Sequence[Event]
    size: int = 1

    def run(self, tx: Transaction, *, isolate: bool) -> None:
        tx.caller = None
        for event in self.events:
            event_id = event.derived_id() if event.because else new_id()
            time = event.occurred_at.isoformat()
            document = encode(event, event_id, tx.buffer.head + 1, time, "test", drill=False)
            tx.buffer.add(subject_of(event.service, event.name, event.area), document)


def tell(node: Node, *events: Event) -> None:
    """Put events into their service's log, and wait until rollup has applied them."""
    for event in events:
        node.run(node.runtime(event.service).writer.submit(Told([event])))
    node.settle()
