"""What a handler is, and what it is given: one transaction as it may touch it.

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
from shared.exceptions import Forbidden
from shared.i18n.messages import TEXTS
from shared.policy.pack import PolicyPack
from shared.security.tokens import Caller
from shared.site import Site
from shared.writer import timers
from shared.writer.timers import Due


class Tx:
    """One transaction, as a handler sees it: rows through `session`, the time, the caller.

    `caller` is None when nobody asked: for other services' events and for due things.
    """

    def __init__(self, session: Session, site: Site) -> None:
        self.session = session
        self.connection: Connection = session.connection()
        self.site = site
        self.caller: Caller | None = None
        self.now: datetime = site.clock.now()
        self.broadcasts: list[Recorded[Any]] = []
        self.after: list[Callable[[], None]] = []

    @property
    def pack(self) -> PolicyPack:
        """The policy pack in force."""
        return self.site.pack()

    def require_access(self, area: str) -> None:
        """Refuse with 403 when the caller has no right on a row's area."""
        if self.caller is not None and not self.caller.may_access(area):
            raise Forbidden(TEXTS, "outside_your_area", field="area", area=area)

    def schedule(self, kind: str, key: str, at: datetime) -> None:
        """Ask for a call of the due-time handler of `kind` at an instant."""
        timers.schedule(self.connection, kind, key, at)

    def unschedule(self, kind: str, *keys: str) -> None:
        """Take such calls back."""
        timers.unschedule(self.connection, kind, keys)

    def broadcast_on_commit(self, recorded: Recorded[Any]) -> None:
        """Tell whoever watches this process of an event, once it is committed."""
        self.broadcasts.append(recorded)

    def on_commit(self, action: Callable[[], None]) -> None:
        """Count or tell something once it is committed, and only then; it must not raise."""
        self.after.append(action)


EventHandler = Callable[[Tx, Recorded[Any]], Iterable[Event]]
BatchHandler = Callable[[Tx, list[Recorded[Any]]], Iterable[Event]]
DueHandler = Callable[[Tx, Due], Iterable[Event]]
StartHandler = Callable[[Tx], Iterable[Event]]


@dataclass(frozen=True, slots=True)
class Batched:
    """A handler that takes a run of events at once, for what is hot."""

    handle: BatchHandler


Consumer = EventHandler | Batched


@dataclass(frozen=True)
class Handlers:
    """The handlers of one service, as its writer, inbox and ticker need them.

    `consumes` are other services' events; `reacts` its own events, handled in the transaction
    that made them; `due` its due things by kind.
    """

    name: str
    listens_to: tuple[str, ...] = ()
    consumes: Mapping[type[Event], Consumer] = field(default_factory=dict)
    reacts: Mapping[type[Event], EventHandler] = field(default_factory=dict)
    due: Mapping[str, DueHandler] = field(default_factory=dict)
    # How long its readers wait for company of an event: who only reports lets who decides go first.
    linger_seconds: float = 0.0
    # Whether its events can be found by the things they are about, for `why`.
    indexed: bool = True
