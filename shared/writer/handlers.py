"""Handlers, and `Tx`: the part of a transaction that a handler may use.

A handler neither commits nor publishes: it returns events.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from shared.events.base import Event
from shared.events.envelope import Recorded
from shared.policy.pack import PolicyPack
from shared.security.access import require_access
from shared.security.tokens import Caller
from shared.site import Site
from shared.writer import timers
from shared.writer.timers import Due


class Tx:
    """One transaction, as a handler sees it: rows through `session`, the time, the caller.

    `caller` is None for other services' events and for due timers.
    """

    def __init__(self, session: Session, site: Site) -> None:
        self.session = session
        self.connection: Connection = session.connection()
        self.site = site
        self.caller: Caller | None = None
        self.now: datetime = site.clock.now()
        self.broadcasts: list[Recorded[Any]] = []
        self.commit_actions: list[Callable[[], None]] = []

    @property
    def pack(self) -> PolicyPack:
        """The policy pack in force."""
        return self.site.pack()

    def require_access(self, area: str) -> None:
        """Raise Forbidden (403) unless the caller may access a row's area."""
        require_access(self.caller, area)

    def schedule(self, kind: str, key: str, at: datetime) -> None:
        """Set a timer: the due handler of `kind` is called at an instant."""
        timers.schedule(self.connection, kind, key, at)

    def unschedule(self, kind: str, *keys: str) -> None:
        """Cancel timers."""
        timers.unschedule(self.connection, kind, keys)

    def broadcast_on_commit(self, recorded: Recorded[Any]) -> None:
        """Broadcast an event inside this process once it is committed."""
        self.broadcasts.append(recorded)

    def on_commit(self, action: Callable[[], None]) -> None:
        """Run an action after the commit, and only if it succeeds; the action must not raise."""
        self.commit_actions.append(action)


EventHandler = Callable[[Tx, Recorded[Any]], Iterable[Event]]
BatchHandler = Callable[[Tx, list[Recorded[Any]]], Iterable[Event]]
DueHandler = Callable[[Tx, Due], Iterable[Event]]
StartHandler = Callable[[Tx], Iterable[Event]]


@dataclass(frozen=True, slots=True)
class Batched:
    """A handler that takes consecutive events at once, for frequent types."""

    handle: BatchHandler


Consumer = EventHandler | Batched


@dataclass(frozen=True)
class Handlers:
    """The handlers of one service, as its writer, inbox and ticker need them.

    `consumes`: by type, for other services' events. `reacts`: by type, for its own events, in the
    transaction that appends them. `due`: by kind, for its timers.
    """

    name: str
    listens_to: tuple[str, ...] = ()
    consumes: Mapping[type[Event], Consumer] = field(default_factory=dict)
    reacts: Mapping[type[Event], EventHandler] = field(default_factory=dict)
    due: Mapping[str, DueHandler] = field(default_factory=dict)
    # How long its readers wait for more events before they apply one. A service that only reports
    # leaves the machine to those that decide.
    linger_seconds: float = 0.0
    # Whether its events are indexed by the ids they are about, for `why`.
    indexed: bool = True
