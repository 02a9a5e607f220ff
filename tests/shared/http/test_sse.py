"""Frames of server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from shared.events.alerts.checkpoints import CheckpointOpened
from shared.events.envelope import Recorded
from shared.http.sse import Selection, frames
from shared.live import Broadcaster
from tests.support.harness import new_id

NOW = datetime.fromisoformat("2021-03-01T08:00:00+08:00")
ALL = Selection(lambda _: True, lambda _: True, lambda recorded: {"n": recorded.sequence})


def event(sequence: int) -> Recorded[Any]:
    data = CheckpointOpened(area="220581001001", occurred_at=NOW, measure_id=new_id())
    return Recorded(new_id(), "alerts", sequence, NOW, data)


def frame(sequence: int) -> bytes:
    data = json.dumps({"n": sequence}, separators=(",", ":"))
    return f"id: alerts-{sequence}\nevent: checkpoint_opened\ndata: {data}\n\n".encode()


def opened(
    live: Broadcaster, last_seen: str = "", *, admitted: Any = lambda: True
) -> AsyncIterator[bytes]:
    return frames(live, ALL, last_seen, admitted, beat_seconds=0.01)


def test_frames_come_in_order_when_events_are_published(loop: asyncio.AbstractEventLoop) -> None:
    async def read() -> None:
        live = Broadcaster()
        stream = opened(live)
        assert await anext(stream) == b"retry: 2000\n\n"
        live.publish([event(1), event(2)])
        assert await anext(stream) == frame(1) + frame(2)

    loop.run_until_complete(read())


def test_beat_keeps_the_stream_alive_when_nothing_happens(loop: asyncio.AbstractEventLoop) -> None:
    async def read() -> None:
        stream = opened(Broadcaster())
        await anext(stream)
        assert await anext(stream) == b": beat\n\n"

    loop.run_until_complete(read())


def test_missed_frames_come_first_when_the_last_one_seen_is_named(
    loop: asyncio.AbstractEventLoop,
) -> None:
    async def read() -> None:
        live = Broadcaster()
        live.publish([event(1), event(2), event(3)])
        assert await anext(opened(live, "alerts-1")) == b"retry: 2000\n\n" + frame(2) + frame(3)
        assert await anext(opened(live, "alerts-3")) == b"retry: 2000\n\n"

    loop.run_until_complete(read())


def test_gap_is_told_when_the_last_one_seen_is_not_remembered(
    loop: asyncio.AbstractEventLoop,
) -> None:
    async def read() -> None:
        for last_seen in ("alerts-7", "alerts", "alerts-x", "-", "alerts-²"):
            told = await anext(opened(Broadcaster(), last_seen))
            assert told == b"retry: 2000\n\nevent: gap\ndata: {}\n\n"

    loop.run_until_complete(read())


def test_stream_ends_when_the_hub_closes_or_the_token_does(
    loop: asyncio.AbstractEventLoop,
) -> None:
    async def read() -> None:
        live = Broadcaster()
        first = opened(live)
        await anext(first)
        live.close()
        assert [one async for one in first] == []
        second = opened(Broadcaster(), admitted=iter([True, False]).__next__)
        assert [one async for one in second] == [b"retry: 2000\n\n", b": beat\n\n"]

    loop.run_until_complete(read())
