"""What the owner of a log answers on the bus: where it ends, and wishes for its stream.

Readers, other processes of the service and `bulwark refill` ask, by `head`, `wake` and `repair`.
"""

import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import nats.errors
import orjson
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from shared.database.threads import on_thread
from shared.nats.connection import Bus, StreamRefused
from shared.outbox.verification import StreamCheck

BROKER_ERRORS = (nats.errors.Error, TimeoutError, OSError, StreamRefused)
QUESTIONS = ("head", "wake", "repair")


@dataclass(frozen=True, slots=True)
class Wish:
    """Someone wants the stream made again from a number; `created` names the stream they saw."""

    sequence: int
    created: str | None

    def beside(self, other: "Wish | None") -> "Wish":
        """Both wishes in one: from the lower number, of the stream that both saw, if they did."""
        if other is None:
            return self
        created = self.created if self.created == other.created else None
        return Wish(min(self.sequence, other.sequence), created)


async def ask_repair(bus: Bus, source: str, wish: Wish, found: dict[str, Any] | None) -> bool:
    """Ask for a stream to be made again; True when what was `found` in it, its number and its
    digest, stands in the source's log. Raises as the bus does."""
    asked = {"created": wish.created, "sequence": wish.sequence, "found": found}
    answer = await bus.request(f"repair.{source}", orjson.dumps(asked))
    return bool(orjson.loads(answer.data).get("logged"))


class Answers:
    """Answers the questions about one service's log.

    `woken` hears that another process committed; `wished` grants a wish or not.
    """

    def __init__(
        self,
        service: str,
        bus: Bus,
        check: StreamCheck,
        *,
        woken: Callable[[], None],
        wished: Callable[[Wish], Awaitable[bool]],
    ) -> None:
        self._service = service
        self._bus = bus
        self._check = check
        self._woken = woken
        self._wished = wished
        self._listening: list[Subscription] = []

    async def begin(self) -> None:
        """Listen; nothing is done where all is listened to already. Raises as the bus does."""
        if len(self._listening) == len(QUESTIONS):
            return
        await self.end()
        answers = (self._tell_head, self._wake_up, self._repair)
        for question, answer in zip(QUESTIONS, answers, strict=True):
            subject = f"{question}.{self._service}"
            self._listening.append(await self._bus.client.subscribe(subject, cb=answer))

    async def end(self) -> None:
        """Answer nobody any more."""
        while self._listening:
            with contextlib.suppress(*BROKER_ERRORS):
                await self._listening.pop().unsubscribe()

    async def _tell_head(self, message: Msg) -> None:
        """Where the log ends; and, to a reader that says what it applied last, whether the log
        holds another event there."""
        # A reader of an older release asks without a word.
        asked = orjson.loads(message.data or b"{}")
        found = await on_thread(
            self._check.beside_head, int(asked.get("sequence", 0)), asked.get("digest")
        )
        await message.respond(orjson.dumps(found))

    async def _wake_up(self, _message: Msg) -> None:
        self._woken()

    async def _repair(self, message: Msg) -> None:
        """A reader found damage, or `bulwark refill` asks: make the stream again from a number.

        `found` is what was taken for damage: when the log holds the very same, the stream is in
        order.
        """
        asked = orjson.loads(message.data)
        found = asked.get("found")
        logged = found is not None and await on_thread(
            self._check.is_logged, int(found["sequence"]), str(found["digest"])
        )
        wish = Wish(int(asked["sequence"]), asked.get("created"))
        granted = not logged and await self._wished(wish)
        if message.reply:
            await message.respond(orjson.dumps({"remade": granted, "logged": logged}))
