"""Publish priority: a relay with much to publish goes before the readers of its process."""

import asyncio

from shared.priority import PublishPriority
from tests.support.harness import PATIENCE


def test_nobody_waits_when_no_service_has_priority(loop: asyncio.AbstractEventLoop) -> None:
    priority = PublishPriority()
    priority.release("alerts")
    loop.run_until_complete(asyncio.wait_for(priority.wait(), PATIENCE))
    assert not priority.is_held


def test_readers_go_on_when_the_last_claim_is_released(loop: asyncio.AbstractEventLoop) -> None:
    priority = PublishPriority()

    async def acquired_twice() -> list[bool]:
        priority.acquire("alerts")
        priority.acquire("intake")
        waiting = asyncio.ensure_future(priority.wait())
        seen = []
        for service in ("alerts", "intake"):
            await asyncio.sleep(0)
            seen.append(waiting.done())
            priority.release(service)
        await asyncio.wait_for(waiting, PATIENCE)
        return seen

    assert loop.run_until_complete(acquired_twice()) == [False, False]
    assert not priority.is_held
