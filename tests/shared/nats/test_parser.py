"""Frames: what comes for a feed is handed over; all else reaches nats-py as it would anyway."""

import asyncio
from itertools import pairwise
from typing import Any

import nats.errors
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nats.protocol.parser import Parser

from shared.nats.consumer import NO_MESSAGE_OF_A_STREAM, Delivery, delivery
from shared.nats.parser import MessageParser

OURS = (7, 8)


class Client:
    """What nats-py's parser tells its client."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    async def _process_msg(self, sid: int, *parts: Any) -> None:
        self.told.append((sid, *[bytes(part or b"") for part in parts]))

    async def _process_ping(self) -> None:
        self.told.append("ping")

    async def _process_pong(self) -> None:
        self.told.append("pong")

    async def _process_err(self, error: str) -> None:
        self.told.append(error)

    async def _process_info(self, info: dict[str, Any]) -> None:
        self.told.append(info)


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """A MSG or HMSG frame; bodies look like frames now and then."""
    sid = draw(st.integers(5, 9))
    body = draw(st.binary(max_size=40) | st.just(b"MSG a 7 2\r\nhi\r\n") | st.just(b"\r\n"))
    reply = draw(st.sampled_from([b"", b"$JS.ACK.S.c.1.42.1.0.0 "]))
    head = draw(st.sampled_from([b"", b"NATS/1.0 100 Idle\r\n\r\n", b"NATS/1.0\r\nA: b\r\n\r\n"]))
    if head:
        sizes = b"%d %d" % (len(head), len(head) + len(body))
        return b"HMSG a.b %d %s%s\r\n%s%s\r\n" % (sid, reply, sizes, head, body)
    return b"MSG a.b %d %s%d\r\n%s\r\n" % (sid, reply, len(body), body)


OTHERS = [b"PING\r\n", b"PONG\r\n", b"+OK\r\n", b"-ERR 'no'\r\n", b'INFO {"a": 1}\r\n']


async def _fed(parser: Parser, data: bytes, cuts: list[int]) -> None:
    bounds = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for start, stop in pairwise(bounds):
        await parser.parse(data[start:stop])


@given(
    st.lists(messages() | st.sampled_from(OTHERS), max_size=12),
    st.lists(st.integers(0, 1000), max_size=12),
)
def test_each_message_reaches_its_hearer_once_in_order_however_the_bytes_are_cut(
    frames: list[bytes], cuts: list[int]
) -> None:
    data = b"".join(frames)
    plain, split = Client(), Client()
    listeners: list[Any] = []
    ours = MessageParser(split)
    for sid in OURS:
        ours.listeners[b"%d" % sid] = lambda *parts, sid=sid: listeners.append((sid, *parts))
    asyncio.run(_fed(Parser(plain), data, []))
    asyncio.run(_fed(ours, data, cuts))
    mine = [one for one in plain.told if isinstance(one, tuple) and one[0] in OURS]
    assert [(sid, reply, head, body) for sid, _, reply, body, head in mine] == listeners
    assert split.told == [one for one in plain.told if one not in mine]


def test_connection_is_given_up_when_the_bytes_are_no_frames() -> None:
    async def feed(data: bytes) -> None:
        await MessageParser(Client()).parse(data)

    for junk in (b"MSG a 7 x\r\n", b"HTTP/1.1 400 Bad Request\r\n", b"x" * 40_000):
        with pytest.raises(nats.errors.ProtocolError):
            asyncio.run(feed(junk))


def test_half_a_frame_is_forgotten_when_the_connection_is_a_new_one() -> None:
    client = Client()
    frames = MessageParser(client)

    async def feed() -> None:
        await frames.parse(b"MSG a 7 100\r\nhalf")
        frames.reset()
        await frames.parse(b"PING\r\n")

    asyncio.run(feed())
    assert client.told == ["ping"]


def test_rest_of_the_bytes_is_dropped_when_the_connection_ends_amidst_them() -> None:
    class Ending(Client):
        async def _process_ping(self) -> None:
            frames.reset()

    listeners: list[bytes] = []
    frames = MessageParser(Ending())
    frames.listeners[b"7"] = lambda _reply, _head, body: listeners.append(body)

    async def feed() -> None:
        await frames.parse(b"PING\r\nMSG a 7 2\r\nhi\r\nMSG a 7 100\r\nhalf")
        await frames.parse(b"MSG a 7 3\r\nnew\r\n")

    asyncio.run(feed())
    assert listeners == [b"new"]


@pytest.mark.parametrize(
    ("reply", "head", "expected"),
    [
        (b"$JS.ACK.S.c.1.42.7.0.0", b"", Delivery(42, "", b"body")),
        (b"$JS.ACK.S.c.1.42.7.0.0", b"NATS/1.0\r\nA: b\r\n\r\n", Delivery(42, "", b"body")),
        (b"$JS.ACK.hub.acc.S.c.1.42.7.0.0.x", b"", Delivery(42, "", b"body")),
        (
            b"",
            b"NATS/1.0 100 Idle Heartbeat\r\nA: 1\r\n\r\n",
            Delivery(0, "100 Idle Heartbeat", b""),
        ),
        (b"", b"NATS/1.0 503\r\n\r\n", Delivery(0, "503", b"")),
        (b"", b"", Delivery(0, NO_MESSAGE_OF_A_STREAM, b"")),
        (b"$JS.ACK.S.c.1.x.7.0.0", b"", Delivery(0, NO_MESSAGE_OF_A_STREAM, b"")),
    ],
)
def test_number_or_status_is_told_when_something_arrives(
    reply: bytes, head: bytes, expected: Delivery
) -> None:
    assert delivery(reply, head, b"body") == expected
