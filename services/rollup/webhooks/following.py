"""Following one source for one target, from its own checkpoint, however long it is away. P2.

The stream is verified as it is for our own readers.
"""

import asyncio
import time

from services.rollup.feed.domain import is_sent
from services.rollup.webhooks.handlers import MoveCheckpoint, places
from services.rollup.webhooks.target import PassedOver, Target, TargetGone
from shared.context import ServiceContext
from shared.database.failures import is_transient
from shared.database.threads import on_thread
from shared.events.base import Event
from shared.events.envelope import MalformedEvent, Recorded, decode
from shared.inbox.entry import Entry
from shared.inbox.verified_stream import (
    PASSING,
    Fault,
    Reopen,
    VerifiedStream,
    stream_state,
    verified_stream,
)
from shared.logs import get_logger
from shared.outbox.control import RebuildRequest, ask_rebuild

AGAIN_SECONDS = 1.0
# What nobody wanted is passed over again after a crash; not worth a commit each.
MOST_UNSAVED = 256
# The server forgets a reader that asked for nothing so long.
STALE_SECONDS = 20.0

log = get_logger(__name__)


class Following:
    """One source for one target; a loop on the event loop."""

    def __init__(
        self, context: ServiceContext, target: Target, source: str, checkpoint: int
    ) -> None:
        self._context = context
        self._target = target
        self._source = source
        self._checkpoint = self._stored = checkpoint
        self._beyond_retention = False
        # The number that was missing last: one that is missing again after a re-opening is damage.
        self._missed = 0
        # Whether a failure of this loop itself is noted.
        self._has_failed = False

    async def run(self) -> None:
        """Follow for ever; ends when cancelled, or when the target wants no more."""
        while True:
            try:
                await self._read()
            except TargetGone:
                return
            except Exception as error:
                if isinstance(error, PASSING) or is_transient(error):
                    log.info("webhook.again", target=self._target.settings.id, why=repr(error))
                else:
                    # Whatever one target runs into, the others and rollup go on.
                    log.exception("webhook.broken", target=self._target.settings.id)
                    await self._note_failure(repr(error))
                await asyncio.sleep(AGAIN_SECONDS)

    async def _note_failure(self, fault: str) -> None:
        self._has_failed = True
        await self._target.failed(f"{self._source}: {fault}")

    async def _read(self) -> None:
        bus = self._context.bus
        state = await stream_state(bus, self._source)
        if self._stored < 0:
            # Everything there is was asked for: from where the stream begins today.
            self._checkpoint = max(state.first - 1, 0)
        await self._note_retention(state.first > self._checkpoint + 1)
        if self._beyond_retention:
            raise Reopen("the stream begins beyond the checkpoint")
        async with verified_stream(bus, self._source, self._checkpoint) as stream:
            while True:
                await self._step(stream)

    async def _note_retention(self, beyond: bool) -> None:
        if beyond and not self._beyond_retention:
            advice = f"bulwark refill {self._source} --from {self._checkpoint + 1}"
            log.critical("webhook.beyond_retention", target=self._target.settings.id, advice=advice)
            await self._note_failure(f"behind: {advice}")
        self._beyond_retention = beyond

    async def _step(self, stream: VerifiedStream) -> None:
        entries, fault = await stream.take(self._checkpoint, 1)
        for entry in entries:
            await self._pass(entry, self._wanted(entry))
        if fault is not None:
            await self._pass(await self._malformed(fault), None)
        elif not entries:
            await self._save(sent=False)

    async def _pass(self, entry: Entry, recorded: Recorded[Event] | None) -> None:
        """Go past an entry, and send it when the target wants it."""
        began = time.monotonic()
        if recorded is not None:
            try:
                await self._target.send(recorded, entry.document)
            except PassedOver:
                await self._reread_checkpoint()
        self._checkpoint = entry.sequence
        if recorded is not None or self._checkpoint - self._stored >= MOST_UNSAVED:
            await self._save(sent=recorded is not None)
        if time.monotonic() - began > STALE_SECONDS:
            raise Reopen("the reader will have been forgotten")

    async def _malformed(self, fault: Fault) -> Entry:
        """A malformed event that the log itself holds: for our readers it is a dead letter.

        Raises Reopen when the fault is anything else.
        """
        entry = fault.mismatch
        if not (fault.gap or entry) or not await self._is_logged(fault) or entry is None:
            raise Reopen(fault.why)
        log.warning("webhook.malformed", target=self._target.settings.id, why=fault.why)
        return entry

    async def _is_logged(self, fault: Fault) -> bool:
        """Whether what was found stands in the source's log.

        A fault found a second time is reported to the source, which rebuilds its stream: our own
        readers may all be past it.
        """
        sequence = self._checkpoint + 1
        again, self._missed = self._missed == sequence, sequence
        state = await self._context.bus.stream(self._source.upper()) if again else None
        if state is None or state.first > sequence:
            return False
        await self._note_failure(fault.why)
        request = RebuildRequest(created=state.created, sequence=sequence, found=fault.found)
        return (await ask_rebuild(self._context.bus, self._source, request)).logged

    def _wanted(self, entry: Entry) -> Recorded[Event] | None:
        """The event, if the target wants it."""
        try:
            recorded = decode(entry.envelope or {})
        except MalformedEvent as error:
            log.warning("webhook.malformed", target=self._target.settings.id, why=str(error))
            return None
        target = self._target
        if recorded is None:
            return None
        # What is for a counsellor's eyes alone goes to nobody outside.
        wanted = is_sent(recorded.data, target.kinds, target.settings.area, counsels=False)
        return recorded if wanted else None

    async def _save(self, *, sent: bool) -> None:
        sent = sent or self._has_failed
        if self._checkpoint == self._stored and not sent:
            return
        move = MoveCheckpoint(
            self._target.settings.id, self._source, self._stored, self._checkpoint, sent
        )
        if not await self._context.writer.submit(move):
            await self._reread_checkpoint()
        self._stored = self._checkpoint
        if self._has_failed:
            self._has_failed = False
            self._target.recovered()

    async def _reread_checkpoint(self) -> None:
        """Read the checkpoint again, which is not where it was thought to be.

        The commit was repeated after its answer was lost, or somebody skipped an event. Raises
        Reopen, or TargetGone.
        """

        def read() -> dict[str, int]:
            with self._context.database.reading() as session:
                return places(session, self._target.settings.id)

        known = await on_thread(read)
        if self._source not in known:
            raise TargetGone
        self._checkpoint = self._stored = known[self._source]
        raise Reopen("the checkpoint was moved")
