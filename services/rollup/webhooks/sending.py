"""Sending events to their targets: each in order, from its own checkpoint. P2.

A loop for each target and source reads the stream. One message of a target is on its way at a
time; no target waits for another.
"""

import asyncio
import ssl

from services.rollup.webhooks.domain import sources_of
from services.rollup.webhooks.handlers import places
from services.rollup.webhooks.target_settings import (
    TargetSettings,
    forget_attempts,
    settings_of_targets,
)
from shared.context import ServiceContext
from shared.database.failures import is_transient
from shared.database.threads import on_thread
from shared.logs import get_logger
from shared.runtime.tasks import end_all

LOOK_SECONDS = 2.0

log = get_logger(__name__)


async def send_webhooks(context: ServiceContext) -> None:
    """Send to every target that there is, as they come and go; ends when cancelled."""
    at_work: dict[TargetSettings, asyncio.Task[None]] = {}
    try:
        while True:
            await _match(context, at_work)
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        await end_all(list(at_work.values()))


async def _match(
    context: ServiceContext, at_work: dict[TargetSettings, asyncio.Task[None]]
) -> None:
    """Begin with the targets that are new, end with those that are gone."""
    try:
        wanted = await on_thread(settings_of_targets, context)
    except Exception as error:
        if not is_transient(error):
            raise
        return
    for settings, task in list(at_work.items()):
        if settings not in wanted:
            task.cancel()
        if task.done():
            del at_work[settings]
            forget_attempts(settings.id)
            fault = None if task.cancelled() else task.exception()
            # It is begun anew below; rollup does not end for one target.
            if fault is not None:
                log.error("webhook.ended", target=settings.id, why=repr(fault))
    ending = {settings.id for settings in at_work if settings not in wanted}
    for settings in wanted:
        if settings not in at_work and settings.id not in ending:
            at_work[settings] = asyncio.create_task(_serve(context, settings))


async def _serve(context: ServiceContext, settings: TargetSettings) -> None:
    # Heavy, and most sites send to nobody.
    import httpx

    from services.rollup.webhooks.following import Following
    from services.rollup.webhooks.target import ANSWER_SECONDS, Target

    def look() -> dict[str, int]:
        with context.database.reading() as session:
            return places(session, settings.id)

    known = await on_thread(look)
    # A client for each: two names on one address must not share what was proven for one of them.
    trust = ssl.create_default_context()
    async with httpx.AsyncClient(verify=trust, trust_env=False, timeout=ANSWER_SECONDS) as client:
        target = Target(context, settings, client)
        tasks = [
            asyncio.create_task(Following(context, target, source, known[source]).run())
            for source in sources_of(settings.types)
            if source in known
        ]
        # Not a TaskGroup: it cancels once, and would wait for ever for one who did not hear it.
        try:
            if tasks:
                await asyncio.wait(tasks)
        finally:
            await asyncio.shield(end_all(tasks))
