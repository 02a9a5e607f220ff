"""Sending events to their targets: each in order, from its own place, however long it is away. P2.

A loop for each target and source reads the stream as our readers do, trusting the broker to
remember nothing. One message of a target is on its way at a time; no target waits for another.
"""

import asyncio
import contextlib
import ssl
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
import nats.errors
import structlog

from services.rollup.feed.domain import is_sent
from services.rollup.webhooks import addresses, signing
from services.rollup.webhooks.domain import kinds_of, pause_after, sources_of
from services.rollup.webhooks.handlers import Failed, Told, places, targets
from shared.bus import StreamRefused
from shared.db import is_transient, on_thread
from shared.events import CONTENT_TYPE, Event, MalformedEvent, Recorded, decode, parse, place_of
from shared.feed import BEAT_SECONDS, Arrival, Feed
from shared.reader import HEARTBEAT, PULL_EXPIRED
from shared.refusal import Refused
from shared.runtime import Runtime
from shared.writer import Unavailable

LOOK_SECONDS = 2.0
AGAIN_SECONDS = 1.0
ANSWER_SECONDS = 15.0
SILENCE_SECONDS = 3 * BEAT_SECONDS
# What nobody wanted is passed over again after a crash; not worth a commit each.
MOST_UNSAVED = 256
# The server forgets a reader that asked for nothing so long.
STALE_SECONDS = 20.0
GONE = 410

log = structlog.get_logger(__name__)


class _OpenAgain(Exception):
    """The stream must be read anew from the place on."""


class _Gone(Exception):
    """The target wants no more."""


PASSING = (_OpenAgain, Unavailable, StreamRefused, nats.errors.Error, TimeoutError, OSError)

# ValueError: a name that cannot be looked up, a URL that the library does not take.
FAULTS = (httpx.HTTPError, httpx.InvalidURL, addresses.NotAllowed, Refused, OSError, ValueError)


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a target is to be sent, as its row says."""

    id: str
    url: str
    area: str
    types: tuple[str, ...]
    private: bool
    attempts: int = field(compare=False)
    failing_since: datetime | None = field(compare=False)


class Target:
    """One target: its secret, its turn, its failures."""

    def __init__(self, runtime: Runtime, wish: _Wish, client: httpx.AsyncClient) -> None:
        self.wish = wish
        self.kinds = kinds_of(wish.types)
        self._runtime = runtime
        self._client = client
        self._secret = signing.secret_of(runtime.site.secret, wish.id)
        # One at a time, in the order in which they came.
        self._turn = asyncio.Lock()
        self._attempts = wish.attempts
        self._failing_since = wish.failing_since

    async def send(self, recorded: Recorded[Event], document: bytes) -> None:
        """Send an event until the target has taken it; raises _Gone when it wants no more."""
        async with self._turn:
            while (fault := await self._try(recorded, document)) is not None:
                self._attempts += 1
                now = self._runtime.site.clock.now()
                self._failing_since = self._failing_since or now
                log.warning("webhook.failed", target=self.wish.id, why=fault, tries=self._attempts)
                await self._note(fault)
                # Whole seconds that count as they pass, whatever a clock says.
                await asyncio.sleep(pause_after(self._attempts).total_seconds())
            self._attempts, self._failing_since = 0, None

    async def _note(self, fault: str, *, gone: bool = False) -> None:
        since = self._failing_since or self._runtime.site.clock.now()
        note = Failed(self.wish.id, self._attempts, fault, since, gone)
        with contextlib.suppress(Unavailable):
            await self._runtime.writer.submit(note)

    async def _try(self, recorded: Recorded[Event], document: bytes) -> str | None:
        """Send it once; why it failed, None when it did not."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                status = await self._post(recorded.id, document)
        except TimeoutError:
            return f"no answer within {ANSWER_SECONDS:g} s"
        except FAULTS as error:
            return f"{type(error).__name__}: {error}"
        if status == GONE:
            await self._note("410", gone=True)
            raise _Gone
        return None if 200 <= status < 300 else f"HTTP {status}"

    async def _post(self, event_id: str, document: bytes) -> int:
        end = addresses.endpoint(self.wish.url, private=self.wish.private)
        signed = signing.headers(self._secret, event_id, int(time.time()), document)
        *others, last = await addresses.looked_up(end)
        for address in others:
            with contextlib.suppress(httpx.ConnectError, httpx.ConnectTimeout):
                return await self._post_to(end, address, signed, document)
        return await self._post_to(end, last, signed, document)

    async def _post_to(
        self, end: addresses.Endpoint, address: str, signed: dict[str, str], document: bytes
    ) -> int:
        """Send it to an address that was judged, under the name that was asked for."""
        url = httpx.URL(end.url)
        said = {"host": url.netloc.decode(), "content-type": CONTENT_TYPE}
        request = self._client.build_request(
            "POST",
            url.copy_with(host=address),
            content=document,
            headers={**said, **signed},
            extensions={"sni_hostname": end.host},
        )
        response = await self._client.send(request, stream=True)
        # What it answers besides is of no interest, however long it is.
        await response.aclose()
        return response.status_code


class Following:
    """One source for one target; a loop on the event loop."""

    def __init__(self, runtime: Runtime, target: Target, source: str, place: int) -> None:
        self._runtime = runtime
        self._target = target
        self._source = source
        self._place = self._stored = place
        self._behind = False

    async def run(self) -> None:
        """Follow for ever; ends when cancelled, or when the target wants no more."""
        while True:
            try:
                await self._read()
            except _Gone:
                return
            except Exception as error:
                if not (isinstance(error, PASSING) or is_transient(error)):
                    raise
                log.info("webhook.again", target=self._target.wish.id, why=repr(error))
                await asyncio.sleep(AGAIN_SECONDS)

    async def _read(self) -> None:
        stream = self._source.upper()
        state = await self._runtime.bus.stream(stream)
        if state is None:
            raise _OpenAgain("there is no stream yet")
        self._say_behind(state.first > self._place + 1)
        if self._behind:
            raise _OpenAgain("the stream begins beyond the place")
        feed = Feed(self._runtime.bus, stream)
        try:
            await feed.open(self._place + 1)
            while True:
                await self._take(feed, await feed.first(SILENCE_SECONDS))
                await feed.top_up()
        finally:
            await feed.close()

    def _say_behind(self, behind: bool) -> None:
        if behind and not self._behind:
            advice = f"bulwark refill {self._source} --from {self._place + 1}"
            log.critical("webhook.behind", target=self._target.wish.id, advice=advice)
        self._behind = behind

    async def _take(self, feed: Feed, came: Arrival) -> None:
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
        recorded = self._wanted(self._fitting(number, document))
        if recorded is not None:
            await self._target.send(recorded, document)
        self._place = number
        if recorded is not None or self._place - self._stored >= MOST_UNSAVED:
            await self._save(sent=recorded is not None)
        if time.monotonic() - began > STALE_SECONDS:
            raise _OpenAgain("the reader will have been forgotten")

    def _fitting(self, number: int, document: bytes) -> dict[str, Any]:
        """The next event's envelope. A hole or a misfit is told to the owner by our readers, and
        will be made good: raises _OpenAgain."""
        try:
            envelope = parse(document)
            fits = place_of(envelope) == (self._source, number)
        except MalformedEvent as error:
            raise _OpenAgain(f"{number} is no event: {error}") from error
        if number != self._place + 1 or not fits:
            raise _OpenAgain(f"{number} came after {self._place}")
        return envelope

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
        if self._place == self._stored:
            return
        told = Told(self._target.wish.id, self._source, self._stored, self._place, sent)
        if not await self._runtime.writer.submit(told):
            # Removed, or another process went on: it is looked up again.
            raise _Gone
        self._stored = self._place


async def send_webhooks(runtime: Runtime) -> None:
    """Send to every target that there is, as they come and go; ends when cancelled."""
    at_work: dict[_Wish, asyncio.Task[None]] = {}
    try:
        while True:
            await _match(runtime, at_work)
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        for task in at_work.values():
            task.cancel()
        await asyncio.gather(*at_work.values(), return_exceptions=True)


async def _match(runtime: Runtime, at_work: dict[_Wish, asyncio.Task[None]]) -> None:
    """Begin with the targets that are new, end with those that are gone."""
    try:
        wishes = await on_thread(_wishes, runtime)
    except Exception as error:
        if not is_transient(error):
            raise
        return
    for wish, task in list(at_work.items()):
        if wish not in wishes:
            task.cancel()
        if task.done():
            del at_work[wish]
            fault = None if task.cancelled() else task.exception()
            # A database that does not answer is asked again at the next look.
            if fault is not None and not is_transient(fault):
                raise fault
    for wish in wishes:
        if wish not in at_work:
            at_work[wish] = asyncio.create_task(_serve(runtime, wish))


async def _serve(runtime: Runtime, wish: _Wish) -> None:
    def look() -> dict[str, int]:
        with runtime.database.reading() as session:
            return places(session, wish.id)

    known = await on_thread(look)
    # A client for each: two names on one address must not share what was proven for one of them.
    context = ssl.create_default_context()
    async with httpx.AsyncClient(verify=context, trust_env=False, timeout=ANSWER_SECONDS) as client:
        target = Target(runtime, wish, client)
        works: list[Coroutine[Any, Any, None]] = [
            Following(runtime, target, source, known[source]).run()
            for source in sources_of(wish.types)
            if source in known
        ]
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(work)


def _wishes(runtime: Runtime) -> set[_Wish]:
    with runtime.database.reading() as session:
        return {
            _Wish(
                *(row.id, row.url, row.area, tuple(row.types), row.private),
                attempts=row.attempts,
                failing_since=row.failing_since,
            )
            for row in targets(session)
            if row.gone is None
        }
