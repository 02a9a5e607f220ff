"""The broadcaster: passes committed events to subscriptions inside this process, in order."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from shared.events.base import Event
from shared.events.envelope import Recorded

HISTORY_PER_TYPE = 400
MAX_QUEUED = 2000

Wants = Callable[[Recorded[Any]], bool]
Kinds = Callable[[type[Event]], bool]


class Subscription:
    """A queue of the events that one listener wants; ends when it is too slow, or at the close."""

    def __init__(self, wants: Wants) -> None:
        self.ended = False
        self._wants = wants
        self._queue: deque[Recorded[Any]] = deque()
        self._changed = asyncio.Event()

    def put(self, recorded: Recorded[Any]) -> None:
        """Queue a wanted event; ends the subscription when the queue is full."""
        if self.ended or not self._wants(recorded):
            return
        if len(self._queue) >= MAX_QUEUED:
            self.end()
            return
        self._queue.append(recorded)
        self._changed.set()

    def end(self) -> None:
        """End the subscription and drop what is queued."""
        self._queue.clear()
        self.ended = True
        self._changed.set()

    async def take_all(self, seconds: float) -> list[Recorded[Any]]:
        """All queued events, as soon as there is one; empty once ended, or after a timeout."""
        try:
            await asyncio.wait_for(self._changed.wait(), seconds)
        except TimeoutError:
            return []
        found = list(self._queue)
        self._queue.clear()
        if not self.ended:
            self._changed.clear()
        return found


@dataclass(slots=True)
class _History:
    """The last events of a type, numbered by arrival, and the number of the last one dropped."""

    events: deque[tuple[int, Recorded[Any]]] = field(default_factory=deque)
    dropped: int = 0


class Broadcaster:
    """Passes on committed events, and keeps the last ones of each type for reconnecting listeners.

    The history is kept by type, so that frequent events do not push out rare ones.
    """

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()
        self._history: dict[type[Event], _History] = defaultdict(_History)
        self._arrived = 0
        self._closed = False

    def publish(self, events: Iterable[Recorded[Any]]) -> None:
        """Add events to the history and to every subscription that wants them."""
        for recorded in events:
            self._arrived += 1
            history = self._history[type(recorded.data)]
            if len(history.events) >= HISTORY_PER_TYPE:
                history.dropped = history.events.popleft()[0]
            history.events.append((self._arrived, recorded))
            for subscription in self._subscriptions:
                subscription.put(recorded)

    def since(self, service: str, sequence: int, kinds: Kinds) -> list[Recorded[Any]] | None:
        """The events after a given one, of some types; None when the history is too short."""
        last_seen = next(
            (
                arrival
                for history in self._history.values()
                for arrival, recorded in history.events
                if (recorded.service, recorded.sequence) == (service, sequence)
            ),
            None,
        )
        asked = [history for kind, history in self._history.items() if kinds(kind)]
        if last_seen is None or any(history.dropped > last_seen for history in asked):
            return None
        found = [entry for history in asked for entry in history.events if entry[0] > last_seen]
        return [recorded for _, recorded in sorted(found, key=lambda entry: entry[0])]

    def subscribe(self, wants: Wants) -> Subscription:
        """A new subscription, which must be ended with `unsubscribe`."""
        subscription = Subscription(wants)
        if self._closed:
            subscription.end()
        self._subscriptions.add(subscription)
        return subscription

    @property
    def subscribed(self) -> int:
        """How many subscriptions there are."""
        return len(self._subscriptions)

    def unsubscribe(self, subscription: Subscription) -> None:
        """Remove a subscription."""
        self._subscriptions.discard(subscription)

    def close(self) -> None:
        """End all subscriptions, and new ones at once: the process is stopping."""
        self._closed = True
        for subscription in self._subscriptions:
            subscription.end()
