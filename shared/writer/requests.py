"""Requests as work for the writer: one command, a trial of one, or many lines of one kind."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from shared.database.failures import is_transient
from shared.events.base import Event
from shared.exceptions import Conflict, Rejected
from shared.i18n.messages import TEXTS
from shared.logs import get_logger
from shared.metrics import counters as counting
from shared.security.tokens import Caller
from shared.writer.commands import Answer, Command, Handler
from shared.writer.handlers import Tx
from shared.writer.idempotency import Once, SavedAnswer
from shared.writer.transaction import Transaction

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Done:
    """The answer to a request, and whether it was given before."""

    answer: Any
    again: bool = False


@dataclass(slots=True)
class Request(Once):
    """One command by one caller.

    Of what is not remembered, that it was done is kept all the same: what it leaves in the audit
    log must not stand there twice.
    """

    handler: Handler
    command: Any
    caller: Caller | None
    request_hash: bytes | None
    answer: Answer | None = None
    size: int = 1

    @property
    def ids(self) -> Sequence[str]:
        """The id that it is remembered under."""
        return (self.command.id if self._mark else self.once,)

    @property
    def _mark(self) -> bytes | None:
        """What it is known again by; None for what is not remembered."""
        return self.request_hash if getattr(self.command, "remembered", True) else None

    def run(self, tx: Transaction, *, isolate: bool) -> Done:
        """Do it, or recall that it was done; without a fingerprint its answer is not kept."""
        tx.caller = self.caller
        try:
            return self._do(tx)
        except Exception as error:
            if isolate and not isinstance(error, Rejected) and not is_transient(error):
                counting.failed(tx.handlers.name, self.handler)
            raise

    def _do(self, tx: Transaction) -> Done:
        mark = self._mark
        if mark is None:
            if tx.idempotency.is_first(self.once):
                tx.handle(self.handler, self.command)
            return Done(self.answer(tx, self.command) if self.answer else {})
        before = tx.idempotency.of(self.command.id)
        if before is not None:
            return Done(_same_request(before, mark), again=True)
        tx.handle(self.handler, self.command)
        answer = self.answer(tx, self.command) if self.answer else {"id": self.command.id}
        tx.idempotency.save(self.command.id, mark, answer)
        return Done(answer)


def _same_request(before: SavedAnswer, request_hash: bytes) -> Any:
    if before.request_hash != request_hash:
        raise Conflict(TEXTS, "same_id_other_body", field="id")
    return before.answer


Attempt = Callable[[Transaction, Any], Any]


@dataclass(slots=True)
class DryRun:
    """A wish that is tried out: all that it does and sets off is undone, its answer alone stays."""

    attempt: Attempt
    wish: Any
    caller: Caller | None
    size: int = 1

    def run(self, tx: Transaction, *, isolate: bool) -> Any:  # noqa: ARG002 - see Work
        """Do it, look, and go back."""
        tx.caller = self.caller
        with tx.savepoint(keep=False):
            return self.attempt(tx, self.wish)


class Line(NamedTuple):
    """A good line of a bulk: its number, its command and its fingerprint."""

    number: int
    command: Command
    request_hash: bytes


@dataclass(slots=True)
class BulkDone:
    """What became of the lines: how many were new, how many known, which were refused and why."""

    recorded: int
    duplicates: int
    rejected: list[tuple[int, Exception]]


@dataclass(slots=True)
class Bulk:
    """Many commands of one kind by one caller; a refused line does not hold up the others."""

    handler: Callable[[Tx, Sequence[Any]], Iterable[Event]]
    lines: Sequence[Line]
    caller: Caller | None

    @property
    def size(self) -> int:
        """How many lines it has."""
        return len(self.lines)

    @property
    def ids(self) -> Sequence[str]:
        """The ids that its lines are remembered under."""
        return [line.command.id for line in self.lines]

    def run(self, tx: Transaction, *, isolate: bool) -> BulkDone:
        """Record the lines that are new."""
        tx.caller = self.caller
        done = BulkDone(0, 0, [])
        if isolate:
            # A repeat is one of what was kept: whether the first was is known when its turn comes.
            for line in self.lines:
                if self._is_new(line, _saved_hash(tx, line), done):
                    self._one(tx, line, done)
        elif fresh := self._fresh(tx, done):
            self._record(tx, fresh)
            done.recorded = len(fresh)
        return done

    def _fresh(self, tx: Transaction, done: BulkDone) -> list[Line]:
        """The lines that are new, when none of them is refused."""
        fresh: list[Line] = []
        seen: dict[str, bytes] = {}
        for line in self.lines:
            if self._is_new(line, _saved_hash(tx, line) or seen.get(line.command.id), done):
                seen[line.command.id] = line.request_hash
                fresh.append(line)
        return fresh

    def _is_new(self, line: Line, before: bytes | None, done: BulkDone) -> bool:
        """Whether a line's id stands for nothing yet; else it is counted as what it is."""
        if before is None:
            return True
        if before == line.request_hash:
            done.duplicates += 1
        else:
            error = Conflict(TEXTS, "same_id_other_body", field="id")
            done.rejected.append((line.number, error))
        return False

    def _record(self, tx: Transaction, lines: Sequence[Line]) -> None:
        tx.handle(self.handler, [line.command for line in lines], len(lines))
        for line in lines:
            tx.idempotency.save(line.command.id, line.request_hash, {"id": line.command.id})

    def _one(self, tx: Transaction, line: Line, done: BulkDone) -> None:
        try:
            with tx.savepoint():
                self._record(tx, [line])
            done.recorded += 1
        except Exception as error:
            if is_transient(error):
                raise
            if not isinstance(error, Rejected):
                tx.on_commit(lambda: counting.failed(tx.handlers.name, self.handler))
                log.exception("line.failed", service=tx.handlers.name)
            done.rejected.append((line.number, error))


def _saved_hash(tx: Transaction, line: Line) -> bytes | None:
    """The fingerprint of what was done under a line's id."""
    known = tx.idempotency.of(line.command.id)
    return known.request_hash if known else None
