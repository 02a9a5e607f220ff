"""Remembered requests: the same client-made id and body again answers with the first result.

The body is remembered as a keyed hash of the client's JSON before defaults, so that the memory
holds nobody's data.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import uuid4

import orjson
from sqlalchemy import Column, LargeBinary, String, Table
from sqlalchemy.engine import Connection

from shared.database.sql import send
from shared.database.types import core

requests = Table(
    "requests",
    core,
    Column("id", String(36), primary_key=True),
    Column("fingerprint", LargeBinary(16), nullable=False),
    # Absent where the answer is the id alone.
    Column("answer", LargeBinary),
    sqlite_with_rowid=False,
)


_RECALL = "SELECT id, fingerprint, answer FROM requests WHERE id IN"
_REMEMBER = "INSERT INTO requests (id, fingerprint, answer) VALUES (?, ?, ?)"
_REMEMBER_ONCE = "INSERT INTO requests (id, fingerprint) VALUES (?, ?) ON CONFLICT DO NOTHING"
_FORGET = "DELETE FROM requests WHERE id = ?"


# What stands for the body of a work that has none.
_ONCE = bytes(16)


class SavedAnswer(NamedTuple):
    """A request that was answered before."""

    request_hash: bytes
    answer: Any


def request_hash(key: bytes, route: str, body: dict[str, Any], id_: str) -> bytes:
    """A keyed hash of a route and the client's JSON, whatever the order of its fields.

    `id_` is the request's id as it is kept: in lower case, however the client wrote it.
    """
    known = {**body, "id": id_} if "id" in body else body
    text = orjson.dumps(known, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(text, digest_size=16, key=key, person=route_tag(route)).digest()


@lru_cache(maxsize=1024)
def route_tag(route: str) -> bytes:
    """Sixteen bytes that tell one route from another."""
    return hashlib.blake2b(route.encode(), digest_size=16).digest()


@dataclass(slots=True, kw_only=True)
class Once:
    """A work that is known again when its commit is repeated after the answer was lost, without
    an id made by a client: by a random name of its own, which no client can use."""

    # Ids have hyphens.
    once: str = field(default_factory=lambda: uuid4().hex)

    @property
    def ids(self) -> Sequence[str]:
        """What it is remembered under."""
        return (self.once,)


class IdempotencyStore:
    """What was answered under the ids that a transaction is about, and what it adds to that.

    It is looked up once and written once, however many requests share the transaction.
    """

    def __init__(self, connection: Connection, ids: Sequence[str]) -> None:
        self._connection = connection
        self._known = saved_answer(connection, ids) if ids else {}
        self._new: list[tuple[str, bytes, Any]] = []

    def of(self, id_: str) -> SavedAnswer | None:
        """What was answered under an id."""
        return self._known.get(id_)

    def save(self, id_: str, mark: bytes, answer: Any) -> None:
        """Remember an answer."""
        self._known[id_] = SavedAnswer(mark, answer)
        self._new.append((id_, mark, answer))

    def is_first(self, name: str) -> bool:
        """Whether a work of this name, one of its `ids`, is done for the first time."""
        if name in self._known:
            return False
        self.save(name, _ONCE, {"id": name})
        return True

    def mark(self) -> int:
        """Where it stands, for `back_to`."""
        return len(self._new)

    def undo_to(self, mark: int) -> None:
        """Forget what was kept since a mark (its savepoint was rolled back)."""
        for id_, _, _ in self._new[mark:]:
            del self._known[id_]
        del self._new[mark:]

    def write(self) -> None:
        """Store what was kept."""
        save(self._connection, self._new)


def saved_answer(connection: Connection, ids: Sequence[str]) -> dict[str, SavedAnswer]:
    """What was answered under these ids."""
    found: dict[str, SavedAnswer] = {}
    for start in range(0, len(ids), 500):
        some = tuple(ids[start : start + 500])
        marks = ", ".join("?" * len(some))
        for row in send(connection, f"{_RECALL} ({marks})", some):
            answer = {"id": row.id} if row.answer is None else orjson.loads(row.answer)
            found[row.id] = SavedAnswer(bytes(row.fingerprint), answer)
    return found


def save(connection: Connection, rows: Sequence[tuple[str, bytes, Any]]) -> None:
    """Keep `(id, fingerprint, answer)` of requests done."""
    values = [
        (id_, mark, None if answer == {"id": id_} else orjson.dumps(answer))
        for id_, mark, answer in rows
    ]
    if values:
        send(connection, _REMEMBER, values)


def save_once(connection: Connection, name: str, mark: bytes) -> bytes:
    """Keep a mark of sixteen bytes under a name that no client can use, unless one is kept there;
    the one that is."""
    send(connection, _REMEMBER_ONCE, (name, mark))
    return saved_answer(connection, [name])[name].request_hash


def forget(connection: Connection, name: str) -> None:
    """Let go what is kept under a name."""
    send(connection, _FORGET, (name,))
