"""The broadcaster: subscriptions get what was committed, in order."""

import asyncio
from datetime import datetime
from typing import Any

import pytest

from shared.events.alerts.checkpoints import CheckpointClosed, CheckpointOpened
from shared.events.envelope import Recorded
from shared.live import HISTORY_PER_TYPE, MAX_QUEUED, Broadcaster
from tests.support.harness import new_id

NOW = datetime.fromisoformat("2021-03-01T08:00:00+08:00")


def event(sequence: int, model: type[Any] = CheckpointOpened) -> Recorded[Any]:
    data = model(area="220581001001", occurred_at=NOW, measure_id=new_id())
    return Recorded(new_id(), "alerts", sequence, NOW, data)


def every(_: Any) -> bool:
    return True


def test_subscription_gets_what_it_wants_in_order_when_events_are_published(
    loop: asyncio.AbstractEventLoop,
) -> None:
    async def watch() -> None:
        live = Broadcaster()
        watcher = live.subscribe(lambda recorded: recorded.sequence % 2 == 0)
        live.publish(event(n) for n in range(1, 7))
        assert [r.sequence for r in await watcher.take_all(1)] == [2, 4, 6]
        assert await watcher.take_all(0) == []
        live.unsubscribe(watcher)
        live.publish([event(8)])
        assert await watcher.take_all(0) == []

    loop.run_until_complete(watch())


def test_subscription_ends_when_it_is_too_slow(loop: asyncio.AbstractEventLoop) -> None:
    async def watch() -> None:
        live = Broadcaster()
        watcher = live.subscribe(every)
        ended = []
        for first, last in ((0, MAX_QUEUED), (MAX_QUEUED, MAX_QUEUED + 1)):
            live.publish(event(n) for n in range(first, last))
            ended.append(watcher.ended)
        assert ended == [False, True]
        assert await watcher.take_all(60) == []

    loop.run_until_complete(watch())


def test_every_subscription_ends_at_once_when_the_broadcaster_closes(
    loop: asyncio.AbstractEventLoop,
) -> None:
    async def watch() -> None:
        live = Broadcaster()
        waiting = live.subscribe(every)
        asking = asyncio.create_task(waiting.take_all(60))
        await asyncio.sleep(0)
        live.close()
        assert await asking == []
        assert waiting.ended
        assert live.subscribe(every).ended

    loop.run_until_complete(watch())


def test_later_events_are_returned_when_the_history_reaches_back(
    loop: asyncio.AbstractEventLoop,
) -> None:
    live = Broadcaster()
    live.publish([event(1), event(2, CheckpointClosed), event(3)])
    since = live.since("alerts", 1, every)
    assert since is not None
    assert [r.sequence for r in since] == [2, 3]
    opened = live.since("alerts", 2, lambda kind: kind is CheckpointOpened)
    assert opened is not None
    assert [r.sequence for r in opened] == [3]
    assert live.since("intake", 1, every) is None
    assert live.since("alerts", 9, every) is None


@pytest.mark.parametrize("asked", [CheckpointOpened, CheckpointClosed])
def test_rare_types_stay_in_the_history_when_a_frequent_one_does_not(asked: type[Any]) -> None:
    live = Broadcaster()
    live.publish([event(1, CheckpointClosed), event(2, CheckpointClosed)])
    live.publish(event(n) for n in range(3, HISTORY_PER_TYPE + 4))
    found = live.since("alerts", 1, lambda kind: kind is asked)
    if asked is CheckpointOpened:
        assert found is None
    else:
        assert found is not None
        assert [r.sequence for r in found] == [2]
