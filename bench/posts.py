"""A client that costs little: prepared requests, as bytes, over kept connections."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import orjson

from shared.areas.tree import Areas

COUNTY = "220581"
# One in so many has a fever, so that alerts has something to decide.
FEVER_IN = 500
BULK_LINES = 1000


class Caller(asyncio.Protocol):
    """One kept connection: a request's bytes, then the answer's status and body."""

    def __init__(self) -> None:
        # uvloop's transports are none of asyncio's classes.
        self._transport: Any = None
        self._buffer = b""
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found or self._answer is None:
            return
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        if len(body) >= length:
            self._buffer = b""
            self._answer.set_result((int(head[9:12]), body))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("the server hung up"))

    async def call(self, request: bytes) -> tuple[int, bytes]:
        """Send a request and await its answer."""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()


@contextlib.asynccontextmanager
async def callers(port: int, count: int) -> AsyncIterator[list[Caller]]:
    """Open connections to a port."""
    loop = asyncio.get_running_loop()
    opened = [(await loop.create_connection(Caller, "127.0.0.1", port))[1] for _ in range(count)]
    try:
        yield opened
    finally:
        for one in opened:
            one.close()


async def drain(opened: Sequence[Caller], requests: Iterable[bytes], status: int) -> list[bytes]:
    """Send every request over whichever connection is free; the bodies of the answers."""
    waiting = deque(requests)
    bodies: list[bytes] = []

    async def work(caller: Caller) -> None:
        while waiting:
            found, body = await caller.call(waiting.popleft())
            assert found == status, (found, body[:500])
            bodies.append(body)

    await asyncio.gather(*(work(caller) for caller in opened))
    return bodies


def request(method: str, path: str, token: str, body: bytes = b"") -> bytes:
    """A request as bytes."""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Screenings:
    """Screenings all over the county, no two alike, the same in every run of a seed."""

    def __init__(self, areas: Path, seed: int = 1) -> None:
        tree = Areas.open(areas)
        self._communities = tree.communities(COUNTY)
        tree.close()
        self._random = Random(seed)
        self._made = 0

    def lines(self, count: int, *, fever_in: int = FEVER_IN) -> list[bytes]:
        """Bodies of single posts, or lines of bulk ones; `fever_in` 0 is no fever at all."""
        return [self._line(fever_in) for _ in range(count)]

    def _line(self, fever_in: int) -> bytes:
        self._made += 1
        return orjson.dumps(
            {
                "id": str(UUID(int=self._random.getrandbits(128), version=4)),
                "area": self._random.choice(self._communities),
                "temperature_c": 38.4 if fever_in and self._made % fever_in == 0 else 36.5,
                "place_kind": "checkpoint",
            }
        )

    def singles(self, token: str, count: int) -> list[bytes]:
        """Requests of one screening each."""
        return [request("POST", "/intake/screenings", token, line) for line in self.lines(count)]

    def bulks(self, token: str, count: int, *, fever_in: int = FEVER_IN) -> list[bytes]:
        """Requests of a thousand screenings each."""
        lines = self.lines(count, fever_in=fever_in)
        return [
            request(
                "POST", "/intake/screenings/bulk", token, b"\n".join(lines[at : at + BULK_LINES])
            )
            for at in range(0, count, BULK_LINES)
        ]


def recorded(answers: Iterable[bytes]) -> int:
    """How many screenings the answers to bulk posts say were recorded."""
    return sum(int(orjson.loads(answer)["recorded"]) for answer in answers)
