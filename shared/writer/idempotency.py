"""The idempotency store: the same client-made id and body again get the first answer.

Of the body only a keyed hash is stored, of the client's JSON before defaults are filled in, so
that the store holds nobody's data.
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

from shared.database.sql import pieces, send
from shared.database.types import core

requests = Table(
    "requests",
    core,
    Column("id", String(36), primary_key=True),
    Column("fingerprint", LargeBinary(16), nullable=False),
    # NULL where the answer is the id alone.
    Column("answer", LargeBinary),
    sqlite_with_rowid=False,
)


_SELECT = "SELECT id, fingerprint, answer FROM requests WHERE id IN"
_INSERT = "INSERT INTO requests (id, fingerprint, answer) VALUES (?, ?, ?)"
_INSERT_IF_ABSENT = "INSERT INTO requests (id, fingerprint) VALUES (?, ?) ON CONFLICT DO NOTHING"
_DELETE = "DELETE FROM requests WHERE id = ?"


# The request hash of work that has no body.
_NO_BODY = bytes(16)


class SavedAnswer(NamedTuple):
    """The first answer to a request, and the hash of that request."""

    request_hash: bytes
    answer: Any


def request_hash(key: bytes, route: str, body: dict[str, Any], id_: str) -> bytes:
    """A keyed hash of a route and the client's JSON, whatever the order of its fields.

    `id_` is the request's id as it is stored: in lower case, however the client wrote it.
    """
    known = {**body, "id": id_} if "id" in body else body
    text = orjson.dumps(known, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(text, digest_size=16, key=key, person=route_tag(route)).digest()


@lru_cache(maxsize=1024)
def route_tag(route: str) -> bytes:
    """Sixteen bytes that identify a route."""
    return hashlib.blake2b(route.encode(), digest_size=16).digest()


@dataclass(slots=True, kw_only=True)
class OneTimeWork:
    """Work without a client-made id that is done once, even when its transaction is retried.

    A commit may succeed although its acknowledgement is lost; the retry then finds the work's
    random id in the store.
    """

    # Without hyphens, so that no client's id can equal it.
    work_id: str = field(default_factory=lambda: uuid4().hex)

    @property
    def ids(self) -> Sequence[str]:
        """The id that it is stored under."""
        return (self.work_id,)


class IdempotencyStore:
    """The saved answers for the ids of one transaction's requests, old and new.

    They are read once and written once, however many requests share the transaction.
    """

    def __init__(self, connection: Connection, ids: Sequence[str]) -> None:
        self._connection = connection
        self._known = saved_answers(connection, ids) if ids else {}
        self._new: list[tuple[str, bytes, Any]] = []

    def get(self, id_: str) -> SavedAnswer | None:
        """The saved answer of a request; None for a new one."""
        return self._known.get(id_)

    def save(self, id_: str, request_hash: bytes, answer: Any) -> None:
        """Save an answer under its request's id."""
        self._known[id_] = SavedAnswer(request_hash, answer)
        self._new.append((id_, request_hash, answer))

    def is_first(self, work_id: str) -> bool:
        """Whether work of this id, one of the transaction's `ids`, is done for the first time.

        The id is saved when it is.
        """
        if work_id in self._known:
            return False
        self.save(work_id, _NO_BODY, {"id": work_id})
        return True

    def position(self) -> int:
        """How many answers were added, for `undo_to`."""
        return len(self._new)

    def undo_to(self, position: int) -> None:
        """Drop the answers added since a position: its savepoint was rolled back."""
        for id_, _, _ in self._new[position:]:
            del self._known[id_]
        del self._new[position:]

    def write(self) -> None:
        """Insert the new answers."""
        save(self._connection, self._new)


def saved_answers(connection: Connection, ids: Sequence[str]) -> dict[str, SavedAnswer]:
    """The saved answers under these ids."""
    found: dict[str, SavedAnswer] = {}
    for some in pieces(ids):
        placeholders = ", ".join("?" * len(some))
        for row in send(connection, f"{_SELECT} ({placeholders})", tuple(some)):
            answer = {"id": row.id} if row.answer is None else orjson.loads(row.answer)
            found[row.id] = SavedAnswer(bytes(row.fingerprint), answer)
    return found


def save(connection: Connection, rows: Sequence[tuple[str, bytes, Any]]) -> None:
    """Insert `(id, request hash, answer)` of requests that were carried out."""
    values = [
        (id_, hash_, None if answer == {"id": id_} else orjson.dumps(answer))
        for id_, hash_, answer in rows
    ]
    if values:
        send(connection, _INSERT, values)


def save_if_absent(connection: Connection, name: str, value: bytes) -> bytes:
    """Store 16 bytes under a name that no client can use, unless it has a value; returns that."""
    send(connection, _INSERT_IF_ABSENT, (name, value))
    return saved_answers(connection, [name])[name].request_hash


def delete(connection: Connection, name: str) -> None:
    """Delete what is stored under a name."""
    send(connection, _DELETE, (name,))
