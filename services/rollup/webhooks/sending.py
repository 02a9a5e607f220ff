"""Sending events to their targets: each in order, from its own place. P2.

A loop for each target and source reads the stream. One message of a target is on its way at a
time; no target waits for another.
"""

import asyncio
import ssl

from services.rollup.webhooks.domain import sources_of
from services.rollup.webhooks.handlers import places
from services.rollup.webhooks.wishes import Wish, forget_attempts, wishes
from shared.context import ServiceContext
from shared.database.failures import is_transient
from shared.database.threads import on_thread
from shared.logs import get_logger
from shared.runtime.tasks import end_all

LOOK_SECONDS = 2.0

log = get_logger(__name__)


async def send_webhooks(context: ServiceContext) -> None:
    """Send to every target that there is, as they come and go; ends when cancelled."""
    at_work: dict[Wish, asyncio.Task[None]] = {}
    try:
        while True:
            await _match(context, at_work)
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        await end_all(list(at_work.values()))


async def _match(context: ServiceContext, at_work: dict[Wish, asyncio.Task[None]]) -> None:
    """Begin with the targets that are new, end with those that are gone."""
    try:
        wished = await on_thread(wishes, context)
    except Exception as error:
        if not is_transient(error):
            raise
        return
    for wish, task in list(at_work.items()):
        if wish not in wished:
            task.cancel()
        if task.done():
            del at_work[wish]
            forget_attempts(wish.id)
            fault = None if task.cancelled() else task.exception()
            # It is begun anew below; rollup does not end for one target.
            if fault is not None:
                log.error("webhook.ended", target=wish.id, why=repr(fault))
    ending = {wish.id for wish in at_work if wish not in wished}
    for wish in wished:
        if wish not in at_work and wish.id not in ending:
            at_work[wish] = asyncio.create_task(_serve(context, wish))


async def _serve(context: ServiceContext, wish: Wish) -> None:
    # Heavy, and most sites send to nobody.
    import httpx

    from services.rollup.webhooks.following import Following
    from services.rollup.webhooks.target import ANSWER_SECONDS, Target

    def look() -> dict[str, int]:
        with context.database.reading() as session:
            return places(session, wish.id)

    known = await on_thread(look)
    # A client for each: two names on one address must not share what was proven for one of them.
    trust = ssl.create_default_context()
    async with httpx.AsyncClient(verify=trust, trust_env=False, timeout=ANSWER_SECONDS) as client:
        target = Target(context, wish, client)
        tasks = [
            asyncio.create_task(Following(context, target, source, known[source]).run())
            for source in sources_of(wish.types)
            if source in known
        ]
        # Not a TaskGroup: it cancels once, and would wait for ever for one who did not hear it.
        try:
            if tasks:
                await asyncio.wait(tasks)
        finally:
            await asyncio.shield(end_all(tasks))
