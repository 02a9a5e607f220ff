"""The hub: tells watchers inside this process what was committed, in order."""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Any

from shared.events import Recorded

KEPT = 1000
MOST_WAITING = 2000


class Watcher:
    """One watcher's queue; `lost` once it was too slow, and must begin again."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Recorded[Any]] = asyncio.Queue(MOST_WAITING)
        self.lost = False

    def take(self, recorded: Recorded[Any]) -> None:
        """Queue an event, unless the watcher no longer keeps up."""
        try:
            self.queue.put_nowait(recorded)
        except asyncio.QueueFull:
            self.lost = True


class Hub:
    """Fans out committed events, and remembers the last thousand for whoever comes back."""

    def __init__(self) -> None:
        self.recent: deque[Recorded[Any]] = deque(maxlen=KEPT)
        self._watchers: set[Watcher] = set()

    def publish(self, events: Iterable[Recorded[Any]]) -> None:
        """Hand events to every watcher."""
        for recorded in events:
            self.recent.append(recorded)
            for watcher in self._watchers:
                watcher.take(recorded)

    def watch(self) -> Watcher:
        """A new watcher, which must be given back to `leave`."""
        watcher = Watcher()
        self._watchers.add(watcher)
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """The watcher has gone."""
        self._watchers.discard(watcher)
