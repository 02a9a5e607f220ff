"""Requests as work for the writer: one command, a dry run of one, or a bulk of many lines."""

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
from shared.writer.idempotency import OneTimeWork, SavedAnswer
from shared.writer.transaction import Transaction

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Done:
    """The answer to a request, and whether the request was a repeat."""

    answer: Any
    repeated: bool = False


@dataclass(slots=True)
class Request(OneTimeWork):
    """One command by one caller.

    Where the answer is not saved, the id of the work is: a retried transaction must not enter it
    in the audit log twice.
    """

    handler: Handler
    command: Any
    caller: Caller | None
    request_hash: bytes | None
    answer: Answer | None = None
    size: int = 1

    @property
    def ids(self) -> Sequence[str]:
        """The id that it is stored under."""
        return (self.command.id if self._hash_to_save else self.work_id,)

    @property
    def _hash_to_save(self) -> bytes | None:
        """The hash that is saved with the answer; None when the answer is not saved."""
        return self.request_hash if getattr(self.command, "saves_answer", True) else None

    def run(self, tx: Transaction, *, isolate: bool) -> Done:
        """Carry out the command, or return the saved answer of a repeat.

        Without a request hash nothing is saved.
        """
        tx.caller = self.caller
        try:
            return self._carry_out(tx)
        except Exception as error:
            if isolate and not isinstance(error, Rejected) and not is_transient(error):
                counting.failed(tx.handlers.name, self.handler)
            raise

    def _carry_out(self, tx: Transaction) -> Done:
        request_hash = self._hash_to_save
        if request_hash is None:
            if tx.idempotency.is_first(self.work_id):
                tx.handle(self.handler, self.command)
            return Done(self.answer(tx, self.command) if self.answer else {})
        saved = tx.idempotency.get(self.command.id)
        if saved is not None:
            return Done(_saved_answer(saved, request_hash), repeated=True)
        tx.handle(self.handler, self.command)
        answer = self.answer(tx, self.command) if self.answer else {"id": self.command.id}
        tx.idempotency.save(self.command.id, request_hash, answer)
        return Done(answer)


def _saved_answer(saved: SavedAnswer, request_hash: bytes) -> Any:
    if saved.request_hash != request_hash:
        raise Conflict(TEXTS, "same_id_other_body", field="id")
    return saved.answer


Attempt = Callable[[Transaction, Any], Any]


@dataclass(slots=True)
class DryRun:
    """A request whose effects are rolled back, with all that follows from them; it only answers."""

    attempt: Attempt
    request: Any
    caller: Caller | None
    size: int = 1

    def run(self, tx: Transaction, *, isolate: bool) -> Any:  # noqa: ARG002 - see Work
        """Carry the request out, take the answer, and roll back."""
        tx.caller = self.caller
        with tx.savepoint(keep=False):
            return self.attempt(tx, self.request)


class Line(NamedTuple):
    """A valid line of a bulk: its number, its command and its request hash."""

    number: int
    command: Command
    request_hash: bytes


@dataclass(slots=True)
class BulkDone:
    """The result of a bulk: how many lines were new or repeats, and which were rejected and why."""

    recorded: int
    duplicates: int
    rejected: list[tuple[int, Exception]]


@dataclass(slots=True)
class Bulk:
    """Many commands of one kind by one caller; a rejected line does not affect the others."""

    handler: Callable[[Tx, Sequence[Any]], Iterable[Event]]
    lines: Sequence[Line]
    caller: Caller | None

    @property
    def size(self) -> int:
        """How many lines it has."""
        return len(self.lines)

    @property
    def ids(self) -> Sequence[str]:
        """The ids that its lines are stored under."""
        return [line.command.id for line in self.lines]

    def run(self, tx: Transaction, *, isolate: bool) -> BulkDone:
        """Record the lines that are new."""
        tx.caller = self.caller
        done = BulkDone(0, 0, [])
        if isolate:
            # A line repeats an earlier one only if that was saved, not if it was rejected.
            for line in self.lines:
                if self._is_new(line, _saved_hash(tx, line), done):
                    self._record_isolated(tx, line, done)
        elif new := self._new_lines(tx, done):
            self._record(tx, new)
            done.recorded = len(new)
        return done

    def _new_lines(self, tx: Transaction, done: BulkDone) -> list[Line]:
        """The lines that repeat no other, provided that none is rejected."""
        new: list[Line] = []
        seen: dict[str, bytes] = {}
        for line in self.lines:
            if self._is_new(line, _saved_hash(tx, line) or seen.get(line.command.id), done):
                seen[line.command.id] = line.request_hash
                new.append(line)
        return new

    def _is_new(self, line: Line, saved_hash: bytes | None, done: BulkDone) -> bool:
        """Whether a line's id is new; otherwise counts it as a duplicate or as rejected."""
        if saved_hash is None:
            return True
        if saved_hash == line.request_hash:
            done.duplicates += 1
        else:
            error = Conflict(TEXTS, "same_id_other_body", field="id")
            done.rejected.append((line.number, error))
        return False

    def _record(self, tx: Transaction, lines: Sequence[Line]) -> None:
        tx.handle(self.handler, [line.command for line in lines], len(lines))
        for line in lines:
            tx.idempotency.save(line.command.id, line.request_hash, {"id": line.command.id})

    def _record_isolated(self, tx: Transaction, line: Line, done: BulkDone) -> None:
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
    """The request hash that is saved under a line's id; None for a new id."""
    saved = tx.idempotency.get(line.command.id)
    return saved.request_hash if saved else None
