"""A target while it is sent to: its secret, its turn, its failures. P2."""

import asyncio
import contextlib
import time

import httpx

from services.rollup.webhooks import addresses, signing
from services.rollup.webhooks.domain import kinds_of, pause_after
from services.rollup.webhooks.handlers import Failed
from services.rollup.webhooks.tables import WebhookPlace, WebhookTarget
from services.rollup.webhooks.target_settings import TargetSettings
from shared.context import ServiceContext
from shared.database.threads import on_thread
from shared.events.base import Event
from shared.events.envelope import CONTENT_TYPE, Recorded
from shared.exceptions import Rejected, Unavailable
from shared.logs import get_logger
from shared.metrics import names as metrics

ANSWER_SECONDS = 15.0
GONE = 410

# ValueError: a name that cannot be looked up, a URL that the library does not take.
FAULTS = (httpx.HTTPError, httpx.InvalidURL, addresses.NotAllowed, Rejected, OSError, ValueError)

log = get_logger(__name__)


class TargetGone(Exception):
    """The target wants no more, or was removed."""


class PassedOver(Exception):
    """Somebody lets the target skip what it did not take."""


class Target:
    """One target: its secret, its turn, its failures."""

    def __init__(
        self, context: ServiceContext, settings: TargetSettings, client: httpx.AsyncClient
    ) -> None:
        self.settings = settings
        self.kinds = kinds_of(settings.types)
        self._context = context
        self._client = client
        self._secret = signing.secret_of(context.site.secret, settings.id)
        # One at a time, in the order in which they came.
        self._turn = asyncio.Lock()
        self._attempts = settings.attempts
        self._failing_since = settings.failing_since

    async def send(self, recorded: Recorded[Event], document: bytes) -> None:
        """Send an event until the target has taken it.

        Raises TargetGone when it wants no more or is paused, PassedOver when it is to skip this.
        """
        async with self._turn:
            while (fault := await self._try(recorded, document)) is not None:
                metrics.WEBHOOK_ATTEMPTS.labels(self.settings.id, "failed").inc()
                await self.failed(fault, at=(recorded.service, recorded.sequence))
                # Whole seconds that count as they pass, whatever a clock says.
                await asyncio.sleep(pause_after(self._attempts).total_seconds())
                await on_thread(self._check_still_wanted, recorded)
            metrics.WEBHOOK_ATTEMPTS.labels(self.settings.id, "taken").inc()
            self.recovered()

    def _check_still_wanted(self, recorded: Recorded[Event]) -> None:
        with self._context.database.reading() as session:
            row = session.get(WebhookTarget, self.settings.id)
            place = session.get(WebhookPlace, (self.settings.id, recorded.service))
            if row is None or place is None or row.gone or row.paused:
                raise TargetGone
            if place.sequence >= recorded.sequence:
                raise PassedOver

    async def failed(self, fault: str, *, at: tuple[str, int] | None = None) -> None:
        """Note a failure, for who looks; `at` is the source and number of what was not taken."""
        self._attempts += 1
        self._failing_since = self._failing_since or self._context.site.clock.now()
        log.warning("webhook.failed", target=self.settings.id, why=fault, tries=self._attempts)
        with contextlib.suppress(Unavailable):
            await self._note(fault, at=at)

    def recovered(self) -> None:
        """Earlier failures are over."""
        self._attempts, self._failing_since = 0, None

    async def _note(
        self, fault: str, *, gone: bool = False, at: tuple[str, int] | None = None
    ) -> None:
        since = self._failing_since or self._context.site.clock.now()
        note = Failed(self.settings.id, self._attempts, fault, since, gone, at)
        await self._context.writer.submit(note)

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
            # When that cannot be stored, it is asked again: it would stop for good, unseen.
            await self._note("410", gone=True)
            raise TargetGone
        return None if 200 <= status < 300 else f"HTTP {status}"

    async def _post(self, event_id: str, document: bytes) -> int:
        end = addresses.endpoint(self.settings.url, private=self.settings.private)
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
