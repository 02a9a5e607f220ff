"""The control subjects of a service: what its leader answers about its log and its stream.

    head.<service>     where the log ends; asked by readers and `bulwark doctor`
    repair.<service>   rebuild the stream; asked by readers, webhooks and `bulwark refill`
    wake.<service>     another process of the service committed; nothing is answered

Only the process that leads its service answers. Processes of other releases ask and answer too: a
field may be added to the models here, with a default, and none may change its meaning.
"""

from collections.abc import Awaitable, Callable, Sequence

import nats.errors
from faststream.nats.subscriber.usecases import CoreSubscriber
from pydantic import BaseModel, ConfigDict

from shared.database.threads import on_thread
from shared.nats.connection import Bus, StreamRefused
from shared.nats.request_handlers import RequestHandlers, json_or_nothing
from shared.outbox.verification import StreamCheck

BROKER_ERRORS = (nats.errors.Error, TimeoutError, OSError, StreamRefused)


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True)


class HeadRequest(_Body):
    """Where does the log end? A reader adds what it applied last, to learn whether the log holds
    another event there."""

    sequence: int = 0
    digest: str | None = None


class HeadReply(_Body):
    """The number of the log's last event, and whether its event at the asker's number differs."""

    head: int
    differs: bool = False


class Found(_Body):
    """What was taken for damage: a message's number in the stream, and its digest."""

    sequence: int
    digest: str


class RebuildRequest(_Body):
    """Rebuild the stream from a number. `created` names the stream that the asker saw, and `found`
    what was wrong in it; `bulwark refill` names neither."""

    created: str | None = None
    sequence: int
    found: Found | None = None

    def merged_with(self, other: "RebuildRequest | None") -> "RebuildRequest":
        """Both in one: from the lower number, of the stream that both saw, if they did."""
        if other is None:
            return self
        created = self.created if self.created == other.created else None
        return RebuildRequest(created=created, sequence=min(self.sequence, other.sequence))


class RebuildReply(_Body):
    """Whether the stream will be rebuilt; it is not when `found` is what stands in the log."""

    remade: bool
    logged: bool = False


async def ask_head(bus: Bus, service: str, request: HeadRequest) -> HeadReply:
    """Ask where a service's log ends; raises as the bus does."""
    answer = await bus.request(f"head.{service}", request.model_dump_json().encode())
    return HeadReply.model_validate_json(answer.data)


async def ask_rebuild(bus: Bus, service: str, request: RebuildRequest) -> RebuildReply:
    """Ask for a service's stream to be rebuilt; raises as the bus does."""
    answer = await bus.request(f"repair.{service}", request.model_dump_json().encode())
    return RebuildReply.model_validate_json(answer.data)


async def wake_leader(bus: Bus, service: str) -> None:
    """Say that this process committed; raises as the bus does."""
    await bus.client.publish(f"wake.{service}")


class ControlSubjects:
    """Answers about one service's log, from `begin` to `end`.

    `wake` hears that another process committed; `rebuild` takes a request to rebuild the stream, or
    does not.
    """

    def __init__(
        self,
        service: str,
        bus: Bus,
        check: StreamCheck,
        *,
        wake: Callable[[], None],
        rebuild: Callable[[RebuildRequest], Awaitable[bool]],
    ) -> None:
        self._service = service
        self._bus = bus
        self._check = check
        self._wake = wake
        self._rebuild = rebuild
        self._handlers = RequestHandlers(self.register)

    async def begin(self) -> None:
        """Answer; nothing is done where all is answered already. Raises as the bus does."""
        await self._handlers.begin()

    async def end(self) -> None:
        """Answer nobody any more."""
        await self._handlers.end()

    def register(self) -> Sequence[CoreSubscriber]:
        """Register the handlers with the broker, which starts none of them."""
        subscriber = self._bus.broker.subscriber
        head = subscriber(f"head.{self._service}", decoder=json_or_nothing, persistent=False)
        wake = subscriber(f"wake.{self._service}", no_reply=True, persistent=False)
        repair = subscriber(f"repair.{self._service}", decoder=json_or_nothing, persistent=False)
        head(self._tell_head)
        wake(self._wake_up)
        repair(self._repair)
        return head, wake, repair

    async def _tell_head(self, request: HeadRequest) -> HeadReply:
        head, differs = await on_thread(self._check.beside_head, request.sequence, request.digest)
        return HeadReply(head=head, differs=differs)

    async def _wake_up(self) -> None:
        self._wake()

    async def _repair(self, request: RebuildRequest) -> RebuildReply:
        found = request.found
        logged = found is not None and await on_thread(
            self._check.is_logged, found.sequence, found.digest
        )
        # What the log holds too is in order: the reader dead-letters it.
        return RebuildReply(remade=not logged and await self._rebuild(request), logged=logged)
