"""Applies other services' events, in the transaction that moves the reader's checkpoint.

A checkpoint is one number for each source. An event that cannot be parsed or handled goes to
`dead_letters` with its error, in the same transaction; its neighbours do not wait.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from time import perf_counter
from typing import Any

from shared.database.failures import is_transient
from shared.events.base import Event
from shared.events.envelope import MalformedEvent, Recorded, decode, parse, position_of
from shared.inbox.checkpoints import move_checkpoint
from shared.inbox.dead_letters import dead_letter
from shared.inbox.entry import Entry
from shared.metrics import counters as counting
from shared.metrics import names as metrics
from shared.writer.handlers import Batched, Consumer
from shared.writer.transaction import Transaction


@dataclass(slots=True)
class Batch:
    """Events of one source in order; moves the checkpoint from `after` to `upto`, or to the last.

    Events that are not among the entries are of types that this service does not handle.
    `digest` is that of the event at the new checkpoint.
    """

    source: str
    after: int
    entries: Sequence[Entry]
    upto: int = 0
    digest: str | None = None

    @property
    def size(self) -> int:
        """How many events it holds."""
        return max(len(self.entries), 1)

    def run(self, tx: Transaction, *, isolate: bool) -> int:
        """Move the checkpoint and apply the events; returns it. Raises CheckpointConflict."""
        tx.caller = None
        last = self.upto or self.entries[-1].sequence
        move_checkpoint(tx.connection, self.source, self.after, last, self.digest)
        if isolate:
            for entry in self.entries:
                _apply_or_dead_letter(tx, self.source, entry)
        else:
            for handler, run in groupby(self._decoded(tx), key=_handler_of):
                _handle(tx, handler, [recorded for _, recorded in run])
        applied = metrics.EVENTS_APPLIED.labels(tx.handlers.name, self.source)
        tx.on_commit(lambda: applied.inc(len(self.entries)))
        return last

    def _decoded(self, tx: Transaction) -> Iterator[tuple[Consumer, Recorded[Event]]]:
        consumes = tx.handlers.consumes
        for entry in self.entries:
            try:
                recorded = _decode(self.source, entry)
            except MalformedEvent as error:
                dead_letter(tx, self.source, entry, error)
                continue
            handler = None if recorded is None else consumes.get(type(recorded.data))
            if recorded is not None and handler is not None:
                yield handler, recorded


def _handler_of(pair: tuple[Consumer, Recorded[Event]]) -> Consumer:
    return pair[0]


def _handle(tx: Transaction, handler: Consumer, recorded: list[Recorded[Any]]) -> None:
    if isinstance(handler, Batched):
        tx.handle(handler.handle, recorded, len(recorded))
        return
    began = perf_counter()
    for event in recorded:
        tx.append(handler(tx, event))
    counting.handled(tx.handlers.name, handler, len(recorded), perf_counter() - began)


def _decode(source: str, entry: Entry) -> Recorded[Event] | None:
    position = source, entry.sequence
    if entry.envelope is not None:
        return decode(entry.envelope, position)
    envelope = parse(entry.document)
    if position_of(envelope) != position:
        raise MalformedEvent(
            f"the message at {entry.sequence} carries the position {position_of(envelope)}"
        )
    return decode(envelope, position)


def attempt(tx: Transaction, source: str, entry: Entry) -> Exception | None:
    """Apply one event in a savepoint of its own; returns why it could not be applied."""
    handler: Consumer | None = None
    try:
        with tx.savepoint():
            recorded = _decode(source, entry)
            handler = None if recorded is None else tx.handlers.consumes.get(type(recorded.data))
            if recorded is not None and handler is not None:
                _handle(tx, handler, [recorded])
    except Exception as error:
        if is_transient(error):
            raise
        if handler is not None:
            called = handler.handle if isinstance(handler, Batched) else handler
            tx.on_commit(lambda: counting.failed(tx.handlers.name, called))
        return error
    return None


def _apply_or_dead_letter(tx: Transaction, source: str, entry: Entry) -> None:
    error = attempt(tx, source, entry)
    if error is not None:
        dead_letter(tx, source, entry, error)
