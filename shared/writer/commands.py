"""Commands: what clients ask for, with checked fields, times and days.

A command's answer is saved under its client-made id in the transaction that carries it out, so
that repeating a request whose answer was lost changes nothing.
"""

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Protocol

import uuid_utils.compat
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from shared.clock.clock import CST
from shared.events.base import Event, Id
from shared.writer.handlers import Tx


def new_id() -> str:
    """A new id, for a request without one."""
    return str(uuid_utils.compat.uuid7())


def written_time(value: Any) -> Any:
    """Accept RFC 3339 only; pydantic alone would also take a number as seconds since 1970."""
    if isinstance(value, str) and not RFC_3339.match(value):
        raise PydanticCustomError("datetime_parsing", "must be written as RFC 3339 says")
    if not isinstance(value, str | datetime):
        raise PydanticCustomError("datetime_type", "must be written as RFC 3339 says")
    return value


def written_day(value: Any) -> Any:
    """Accept ISO 8601 only; pydantic alone would also take a number as seconds since 1970."""
    if isinstance(value, str) and not ISO_DAY.match(value):
        raise PydanticCustomError("date_parsing", "must be written as ISO 8601 says")
    if not isinstance(value, str | date):
        raise PydanticCustomError("date_type", "must be written as ISO 8601 says")
    return value


RFC_3339 = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}")
ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# Whatever lies outside is a typing error, or so far off that date arithmetic would overflow.
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2200, 1, 1)
FIRST_TIME = datetime(FIRST_DAY.year, 1, 1, tzinfo=CST)
LAST_TIME = datetime(LAST_DAY.year, 1, 1, tzinfo=CST)
Moment = Annotated[AwareDatetime, Field(ge=FIRST_TIME, le=LAST_TIME), BeforeValidator(written_time)]
Day = Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY), BeforeValidator(written_day)]


class Command(BaseModel):
    """A client's request: its body, and the parameters of its path.

    The client makes the `id`, so that it can safely send the same command again. An unknown field
    is an error, so that a mistyped one is not silently lost.

    With `saves_answer` off, a repeated command is carried out and authorized again: its answer is
    a secret, which is stored nowhere.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", str_strip_whitespace=True, defer_build=True
    )

    saves_answer: ClassVar[bool] = True

    id: Id = Field(default_factory=new_id)


class Handler(Protocol):
    """`(tx, command) -> events`, for one class of commands."""

    def __call__(self, tx: Tx, command: Any, /) -> Iterable[Event]:
        """Load, decide, store; return what happened."""
        ...


Answer = Callable[[Tx, Any], Any]
