"""Lists page by page: `{items, next}`, where `next` is the cursor of the page that follows.

A cursor is the sort key of the last row shown, so that rows added meanwhile shift nothing.
"""

import base64
import binascii
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import orjson
from pydantic import BaseModel, Field
from sqlalchemy import Date, Select, literal, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from shared.clock.clock import CST
from shared.database.types import Instant
from shared.exceptions import Invalid
from shared.i18n.messages import TEXTS

DEFAULT_LIMIT = 100
MOST = 500

Key = InstrumentedAttribute[Any]


class Paged(BaseModel):
    """What every list may be asked: where to go on, and for how many at most."""

    cursor: str | None = Field(default=None, max_length=1000)
    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MOST)


def page(
    session: Session,
    query: Select[Any],
    asked: Paged,
    *keys: Key,
    newest_first: bool = False,
) -> tuple[Sequence[Any], str | None]:
    """The rows of one page and the cursor of the next, None on the last page.

    `keys` are the columns to order by, none of them null, the last one unique. Raises Invalid for
    a cursor that this list did not give.
    """
    if asked.cursor is not None:
        after = [literal(value, key.type) for key, value in _read(asked.cursor, keys)]
        here, there = tuple_(*keys), tuple_(*after)
        query = query.where(here < there if newest_first else here > there)
    ordered = (key.desc() if newest_first else key.asc() for key in keys)
    found = session.scalars(query.order_by(*ordered).limit(asked.limit + 1)).all()
    rows = found[: asked.limit]
    return rows, _cursor(rows[-1], keys) if len(found) > asked.limit else None


def _cursor(row: Any, keys: Sequence[Key]) -> str:
    values = orjson.dumps([getattr(row, key.key) for key in keys])
    return base64.urlsafe_b64encode(values).decode().rstrip("=")


def _read(cursor: str, keys: Sequence[Key]) -> list[tuple[Key, Any]]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        values = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        return [(key, _value(key, value)) for key, value in zip(keys, values, strict=True)]
    except (binascii.Error, ValueError, TypeError, OverflowError) as error:
        raise Invalid(TEXTS, "bad_cursor", field="cursor") from error


def _value(key: Key, value: Any) -> Any:
    """The value of a key column as JSON carried it.

    Raises ValueError, TypeError or OverflowError.
    """
    if isinstance(key.type, Instant):
        at = datetime.fromisoformat(value)
        if at.tzinfo is None:
            raise ValueError("a time without offset")
        # Here, not in the query, a time fails that has no place in the calendar.
        return at.astimezone(CST)
    if isinstance(key.type, Date):
        return date.fromisoformat(value)
    if not isinstance(value, key.type.python_type):
        raise TypeError(f"{key.key} is no {key.type.python_type.__name__}")
    return value
