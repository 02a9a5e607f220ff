"""What clients ask for, as work for the writer: one request, or many lines of one kind.

A request's answer is remembered under its client-made id in the same transaction, so that asking
again after a lost answer changes nothing.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, NamedTuple, Protocol

import structlog
import uuid_utils.compat
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from shared import counting
from shared.auth import Caller
from shared.clock import CST
from shared.db import is_transient
from shared.events import Event, Id
from shared.refusal import Conflict, Refused
from shared.remembered import Once, Remembered
from shared.texts import TEXTS
from shared.transaction import Tx

log = structlog.get_logger(__name__)


def new_id() -> str:
    """A fresh id for what a client did not name."""
    return str(uuid_utils.compat.uuid7())


def written_time(value: Any) -> Any:
    """Refuse what pydantic would read as seconds since 1970: a time is written as RFC 3339 says."""
    if isinstance(value, str) and not RFC_3339.match(value):
        raise PydanticCustomError("datetime_parsing", "must be written as RFC 3339 says")
    if not isinstance(value, str | datetime):
        raise PydanticCustomError("datetime_type", "must be written as RFC 3339 says")
    return value


def written_day(value: Any) -> Any:
    """Refuse what pydantic would read as seconds since 1970: a day is written as ISO 8601 says."""
    if isinstance(value, str) and not ISO_DAY.match(value):
        raise PydanticCustomError("date_parsing", "must be written as ISO 8601 says")
    if not isinstance(value, str | date):
        raise PydanticCustomError("date_type", "must be written as ISO 8601 says")
    return value


RFC_3339 = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}")
ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# Beyond these lie slips of the pen, and times that no calendar can count on from.
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2200, 1, 1)
FIRST_TIME = datetime(FIRST_DAY.year, 1, 1, tzinfo=CST)
LAST_TIME = datetime(LAST_DAY.year, 1, 1, tzinfo=CST)

Moment = Annotated[AwareDatetime, Field(ge=FIRST_TIME, le=LAST_TIME), BeforeValidator(written_time)]
Day = Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY), BeforeValidator(written_day)]


class Command(BaseModel):
    """A client's wish: the body of a request, with what stands in its path.

    `id` is made by the client, so that the same wish can be sent again safely. A field that does
    not exist is an error: a mistyped one must not be lost silently.

    What is not `remembered` is done anew each time, with its rights checked anew: its answer is
    a secret, which is kept nowhere.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    remembered: ClassVar[bool] = True

    id: Id = Field(default_factory=new_id)


class Handler(Protocol):
    """`(tx, command) -> events`, for one command class; see the five concepts."""

    def __call__(self, tx: Tx, command: Any, /) -> Iterable[Event]:
        """Load, decide, store; return what happened."""
        ...


Answer = Callable[[Tx, Any], Any]
Attempt = Callable[[Tx, Any], Any]


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
    fingerprint: bytes | None
    answer: Answer | None = None
    weight: int = 1

    @property
    def ids(self) -> Sequence[str]:
        """The id that it is remembered under."""
        return (self.command.id if self._mark else self.once,)

    @property
    def _mark(self) -> bytes | None:
        """What it is known again by; None for what is not remembered."""
        return self.fingerprint if getattr(self.command, "remembered", True) else None

    def run(self, tx: Tx, *, careful: bool) -> Done:
        """Do it, or recall that it was done; without a fingerprint its answer is not kept."""
        tx.caller = self.caller
        try:
            return self._do(tx)
        except Exception as error:
            if careful and not isinstance(error, Refused) and not is_transient(error):
                counting.failed(tx.service.name, self.handler)
            raise

    def _do(self, tx: Tx) -> Done:
        mark = self._mark
        if mark is None:
            if tx.memory.first(self.once):
                tx.handle(self.handler, self.command)
            return Done(self.answer(tx, self.command) if self.answer else {})
        before = tx.memory.of(self.command.id)
        if before is not None:
            return Done(_same(before, mark), again=True)
        tx.handle(self.handler, self.command)
        answer = self.answer(tx, self.command) if self.answer else {"id": self.command.id}
        tx.memory.keep(self.command.id, mark, answer)
        return Done(answer)


def _same(before: Remembered, fingerprint: bytes) -> Any:
    if before.fingerprint != fingerprint:
        raise Conflict(TEXTS, "same_id_other_body", field="id")
    return before.answer


@dataclass(slots=True)
class Trial:
    """A wish that is tried out: all that it does and sets off is undone, its answer alone stays."""

    attempt: Attempt
    wish: Any
    caller: Caller | None
    weight: int = 1

    def run(self, tx: Tx, *, careful: bool) -> Any:  # noqa: ARG002 - see Work
        """Do it, look, and go back."""
        tx.caller = self.caller
        with tx.savepoint(keep=False):
            return self.attempt(tx, self.wish)


class Line(NamedTuple):
    """A good line of a bulk: its number, its command and its fingerprint."""

    number: int
    command: Command
    fingerprint: bytes


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
    def weight(self) -> int:
        """How many lines it has."""
        return len(self.lines)

    @property
    def ids(self) -> Sequence[str]:
        """The ids that its lines are remembered under."""
        return [line.command.id for line in self.lines]

    def run(self, tx: Tx, *, careful: bool) -> BulkDone:
        """Record the lines that are new."""
        tx.caller = self.caller
        done = BulkDone(0, 0, [])
        if careful:
            # A repeat is one of what was kept: whether the first was is known when its turn comes.
            for line in self.lines:
                if self._is_new(line, _kept(tx, line), done):
                    self._one(tx, line, done)
        elif fresh := self._fresh(tx, done):
            self._record(tx, fresh)
            done.recorded = len(fresh)
        return done

    def _fresh(self, tx: Tx, done: BulkDone) -> list[Line]:
        """The lines that are new, when none of them is refused."""
        fresh: list[Line] = []
        seen: dict[str, bytes] = {}
        for line in self.lines:
            if self._is_new(line, _kept(tx, line) or seen.get(line.command.id), done):
                seen[line.command.id] = line.fingerprint
                fresh.append(line)
        return fresh

    def _is_new(self, line: Line, before: bytes | None, done: BulkDone) -> bool:
        """Whether a line's id stands for nothing yet; else it is counted as what it is."""
        if before is None:
            return True
        if before == line.fingerprint:
            done.duplicates += 1
        else:
            error = Conflict(TEXTS, "same_id_other_body", field="id")
            done.rejected.append((line.number, error))
        return False

    def _record(self, tx: Tx, lines: Sequence[Line]) -> None:
        tx.handle(self.handler, [line.command for line in lines], len(lines))
        for line in lines:
            tx.memory.keep(line.command.id, line.fingerprint, {"id": line.command.id})

    def _one(self, tx: Tx, line: Line, done: BulkDone) -> None:
        try:
            with tx.savepoint():
                self._record(tx, [line])
            done.recorded += 1
        except Exception as error:
            if is_transient(error):
                raise
            if not isinstance(error, Refused):
                tx.afterwards(lambda: counting.failed(tx.service.name, self.handler))
                log.exception("line.failed", service=tx.service.name)
            done.rejected.append((line.number, error))


def _kept(tx: Tx, line: Line) -> bytes | None:
    """The fingerprint of what was done under a line's id."""
    known = tx.memory.of(line.command.id)
    return known.fingerprint if known else None
