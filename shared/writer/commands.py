"""What clients ask for, as work for the writer: one request, or many lines of one kind.

A request's answer is remembered under its client-made id in the same transaction, so that asking
again after a lost answer changes nothing.
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

    model_config = ConfigDict(
        frozen=True, extra="forbid", str_strip_whitespace=True, defer_build=True
    )

    remembered: ClassVar[bool] = True

    id: Id = Field(default_factory=new_id)


class Handler(Protocol):
    """`(tx, command) -> events`, for one command class; see the five concepts."""

    def __call__(self, tx: Tx, command: Any, /) -> Iterable[Event]:
        """Load, decide, store; return what happened."""
        ...


Answer = Callable[[Tx, Any], Any]
