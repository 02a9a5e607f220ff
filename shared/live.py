"""The hub: tells watchers inside this process what was committed, in order."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from shared.events.base import Event
from shared.events.envelope import Recorded

KEPT_OF_A_KIND = 400
MOST_WAITING = 2000

Wants = Callable[[Recorded[Any]], bool]
Kinds = Callable[[type[Event]], bool]


class Subscription:
    """One watcher's queue of what it wants; ended once it was too slow, or the hub closed."""

    def __init__(self, wants: Wants) -> None:
        self.ended = False
        self._wants = wants
        self._waiting: deque[Recorded[Any]] = deque()
        self._stirred = asyncio.Event()

    def take(self, recorded: Recorded[Any]) -> None:
        """Queue an event that is wanted, unless the watcher no longer keeps up."""
        if self.ended or not self._wants(recorded):
            return
        if len(self._waiting) >= MOST_WAITING:
            self.end()
            return
        self._waiting.append(recorded)
        self._stirred.set()

    def end(self) -> None:
        """Nothing more comes, and what waited is dropped."""
        self._waiting.clear()
        self.ended = True
        self._stirred.set()

    async def take_all(self, seconds: float) -> list[Recorded[Any]]:
        """What waits, as soon as there is something; nothing once ended or after a silence."""
        try:
            await asyncio.wait_for(self._stirred.wait(), seconds)
        except TimeoutError:
            return []
        found = list(self._waiting)
        self._waiting.clear()
        if not self.ended:
            self._stirred.clear()
        return found


@dataclass(slots=True)
class _Kept:
    """The last events of a kind by the order of their arrival, and when the last was dropped."""

    events: deque[tuple[int, Recorded[Any]]] = field(default_factory=deque)
    dropped: int = 0


class Broadcaster:
    """Fans out committed events, and remembers the last ones of each kind for who comes back.

    By kind, so that what is frequent does not push out what is rare.
    """

    def __init__(self) -> None:
        self._watchers: set[Subscription] = set()
        self._kept: dict[type[Event], _Kept] = defaultdict(_Kept)
        self._arrived = 0
        self._closed = False

    def publish(self, events: Iterable[Recorded[Any]]) -> None:
        """Hand events to every watcher."""
        for recorded in events:
            self._arrived += 1
            kept = self._kept[type(recorded.data)]
            if len(kept.events) >= KEPT_OF_A_KIND:
                kept.dropped = kept.events.popleft()[0]
            kept.events.append((self._arrived, recorded))
            for watcher in self._watchers:
                watcher.take(recorded)

    def since(self, service: str, sequence: int, kinds: Kinds) -> list[Recorded[Any]] | None:
        """What came after an event, of some kinds; None when it is not remembered any more."""
        mark = next(
            (
                arrival
                for kept in self._kept.values()
                for arrival, recorded in kept.events
                if (recorded.service, recorded.sequence) == (service, sequence)
            ),
            None,
        )
        asked = [kept for kind, kept in self._kept.items() if kinds(kind)]
        if mark is None or any(kept.dropped > mark for kept in asked):
            return None
        found = [entry for kept in asked for entry in kept.events if entry[0] > mark]
        return [recorded for _, recorded in sorted(found, key=lambda entry: entry[0])]

    def watch(self, wants: Wants) -> Subscription:
        """A new watcher, which must be given back to `leave`."""
        watcher = Subscription(wants)
        if self._closed:
            watcher.end()
        self._watchers.add(watcher)
        return watcher

    @property
    def watched(self) -> int:
        """How many watch now."""
        return len(self._watchers)

    def leave(self, watcher: Subscription) -> None:
        """The watcher has gone."""
        self._watchers.discard(watcher)

    def close(self) -> None:
        """The process is stopping: every watcher ends, and so does who comes later."""
        self._closed = True
        for watcher in self._watchers:
            watcher.end()
