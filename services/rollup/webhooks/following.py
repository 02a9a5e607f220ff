"""Following one source for one target, from its own place, however long it is away. P2.

The stream is read as our readers do, trusting the broker to remember nothing.
"""

import asyncio
import time
from typing import Any

import nats.errors

from services.rollup.feed.domain import is_sent
from services.rollup.webhooks.handlers import Told, places
from services.rollup.webhooks.target import PassedOver, Target, TargetGone
from shared.context import ServiceContext
from shared.database.failures import is_transient
from shared.database.threads import on_thread
from shared.events.base import Event
from shared.events.envelope import MalformedEvent, Recorded, decode, parse, position_of
from shared.exceptions import Unavailable
from shared.inbox.reader import HEARTBEAT, PULL_EXPIRED
from shared.logs import get_logger
from shared.nats.connection import StreamRefused
from shared.nats.consumer import BEAT_SECONDS, Delivery, PullConsumer
from shared.outbox.control import Found, RebuildRequest, ask_rebuild
from shared.outbox.verification import digest_of

AGAIN_SECONDS = 1.0
SILENCE_SECONDS = 3 * BEAT_SECONDS
# What nobody wanted is passed over again after a crash; not worth a commit each.
MOST_UNSAVED = 256
# The server forgets a reader that asked for nothing so long.
STALE_SECONDS = 20.0

log = get_logger(__name__)


class _OpenAgain(Exception):
    """The stream must be read anew from the place on."""


class _Amiss(_OpenAgain):
    """The next event is not there; `found` is what stands in its place, for the owner."""

    def __init__(self, why: str, found: Found | None = None) -> None:
        super().__init__(why)
        self.found = found


PASSING = (_OpenAgain, Unavailable, StreamRefused, nats.errors.Error, TimeoutError, OSError)


class Following:
    """One source for one target; a loop on the event loop."""

    def __init__(self, context: ServiceContext, target: Target, source: str, place: int) -> None:
        self._runtime = context
        self._target = target
        self._source = source
        self._place = self._stored = place
        self._behind = False
        # The number that was missing last: one that is missing again after a re-opening is damage.
        self._missed = 0
        # Whether a failure of this loop itself is noted.
        self._stumbled = False

    async def run(self) -> None:
        """Follow for ever; ends when cancelled, or when the target wants no more."""
        while True:
            try:
                await self._read()
            except TargetGone:
                return
            except Exception as error:
                if isinstance(error, PASSING) or is_transient(error):
                    log.info("webhook.again", target=self._target.wish.id, why=repr(error))
                else:
                    # Whatever one target runs into, the others and rollup go on.
                    log.exception("webhook.broken", target=self._target.wish.id)
                    await self._stumble(repr(error))
                await asyncio.sleep(AGAIN_SECONDS)

    async def _stumble(self, fault: str) -> None:
        self._stumbled = True
        await self._target.failed(f"{self._source}: {fault}")

    async def _read(self) -> None:
        stream = self._source.upper()
        state = await self._runtime.bus.stream(stream)
        if state is None:
            raise _OpenAgain("there is no stream yet")
        if self._stored < 0:
            # Everything there is was asked for: from where the stream begins today.
            self._place = max(state.first - 1, 0)
        await self._say_behind(state.first > self._place + 1)
        if self._behind:
            raise _OpenAgain("the stream begins beyond the place")
        feed = PullConsumer(self._runtime.bus, stream)
        try:
            await feed.open(self._place + 1)
            while True:
                await self._take(feed, await feed.first(SILENCE_SECONDS))
                await feed.request_more()
        finally:
            await feed.close()

    async def _say_behind(self, behind: bool) -> None:
        if behind and not self._behind:
            advice = f"bulwark refill {self._source} --from {self._place + 1}"
            log.critical("webhook.behind", target=self._target.wish.id, advice=advice)
            await self._stumble(f"behind: {advice}")
        self._behind = behind

    async def _take(self, feed: PullConsumer, came: Delivery) -> None:
        if came.status.startswith(HEARTBEAT):
            await self._save(sent=False)
        elif came.status.startswith(PULL_EXPIRED):
            feed.expired()
        elif came.status:
            raise _OpenAgain(came.status)
        else:
            await self._next(came.number, came.document)

    async def _next(self, number: int, document: bytes) -> None:
        if number <= self._place:
            return
        began = time.monotonic()
        recorded = await self._taken(number, document)
        if recorded is not None:
            try:
                await self._target.send(recorded, document)
            except PassedOver:
                await self._look_up()
        self._place = number
        if recorded is not None or self._place - self._stored >= MOST_UNSAVED:
            await self._save(sent=recorded is not None)
        if time.monotonic() - began > STALE_SECONDS:
            raise _OpenAgain("the reader will have been forgotten")

    async def _taken(self, number: int, document: bytes) -> Recorded[Event] | None:
        """The event, if the target wants it; raises _OpenAgain when it is not the next one."""
        try:
            return self._wanted(self._fitting(number, document))
        except _Amiss as amiss:
            if not await self._is_logged(amiss):
                raise
            # It stays as it is; our readers have set it aside.
            log.warning("webhook.malformed", target=self._target.wish.id, why=str(amiss))
            return None

    def _fitting(self, number: int, document: bytes) -> dict[str, Any]:
        """The next event's envelope; raises _Amiss."""
        if number != self._place + 1:
            raise _Amiss(f"{number} came after {self._place}")
        found = Found(sequence=number, digest=digest_of(document))
        try:
            envelope = parse(document)
            fits = position_of(envelope) == (self._source, number)
        except MalformedEvent as error:
            raise _Amiss(f"{number} is no event: {error}", found) from error
        if not fits:
            raise _Amiss(f"{number} is another's", found)
        return envelope

    async def _is_logged(self, amiss: _Amiss) -> bool:
        """Whether what was found stands in the source's log. What is amiss a second time is told
        to the source, which makes its stream again: our own readers may all be past it."""
        sequence = self._place + 1
        again, self._missed = self._missed == sequence, sequence
        state = await self._runtime.bus.stream(self._source.upper()) if again else None
        if state is None or state.first > sequence:
            return False
        await self._stumble(str(amiss))
        request = RebuildRequest(created=state.created, sequence=sequence, found=amiss.found)
        return (await ask_rebuild(self._runtime.bus, self._source, request)).logged

    def _wanted(self, envelope: dict[str, Any]) -> Recorded[Event] | None:
        try:
            recorded = decode(envelope)
        except MalformedEvent as error:
            log.warning("webhook.malformed", target=self._target.wish.id, why=str(error))
            return None
        target = self._target
        if recorded is None:
            return None
        # What is for a counsellor's eyes alone goes to nobody outside.
        wanted = is_sent(recorded.data, target.kinds, target.wish.area, counsels=False)
        return recorded if wanted else None

    async def _save(self, *, sent: bool) -> None:
        sent = sent or self._stumbled
        if self._place == self._stored and not sent:
            return
        told = Told(self._target.wish.id, self._source, self._stored, self._place, sent)
        if not await self._runtime.writer.submit(told):
            await self._look_up()
        self._stored = self._place
        if self._stumbled:
            self._stumbled = False
            self._target.recovered()

    async def _look_up(self) -> None:
        """The place is not where it was thought to be: the commit was repeated after its answer
        was lost, or somebody skipped an event. Raises _OpenAgain, or TargetGone."""

        def look() -> dict[str, int]:
            with self._runtime.database.reading() as session:
                return places(session, self._target.wish.id)

        known = await on_thread(look)
        if self._source not in known:
            raise TargetGone
        self._place = self._stored = known[self._source]
        raise _OpenAgain("the place was moved")
