"""The shapes of handlers."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.events import Event, Recorded
from shared.writer.timers import Due

if TYPE_CHECKING:
    from shared.writer.transaction import Tx

EventHandler = Callable[["Tx", Recorded[Any]], Iterable[Event]]
BatchHandler = Callable[["Tx", list[Recorded[Any]]], Iterable[Event]]
DueHandler = Callable[["Tx", Due], Iterable[Event]]
StartHandler = Callable[["Tx"], Iterable[Event]]


@dataclass(frozen=True, slots=True)
class Batched:
    """A handler that takes a run of events at once, for what is hot."""

    handle: BatchHandler


Consumer = EventHandler | Batched
