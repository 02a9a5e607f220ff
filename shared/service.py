"""What one service is made of, declared by its `main.py`; and the site it stands on."""

from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.areas import Areas
from shared.auth import Tokens
from shared.clock import Clock
from shared.events import Event, Recorded
from shared.policy import Packs, PolicyPack
from shared.precedence import Precedence
from shared.schedule import Due
from shared.vault import Vault

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from shared.http import Routes
    from shared.runtime import Runtime
    from shared.telling import Value
    from shared.transaction import Tx

EventHandler = Callable[["Tx", Recorded[Any]], Iterable[Event]]
BatchHandler = Callable[["Tx", list[Recorded[Any]]], Iterable[Event]]
DueHandler = Callable[["Tx", Due], Iterable[Event]]
Duty = Callable[["Runtime"], Coroutine[Any, Any, None]]
Tells = Callable[["Runtime"], Coroutine[Any, Any, "Sequence[Value]"]]
StartHandler = Callable[["Tx"], Iterable[Event]]


@dataclass(frozen=True, slots=True)
class Batched:
    """A handler that takes a run of events at once, for what is hot."""

    handle: BatchHandler


Consumer = EventHandler | Batched

# A county has 1,526 communities at most; a site that holds more tells of the highest values.
MOST_AREAS = 2000


@dataclass(frozen=True, slots=True)
class AreaGauge:
    """A figure by area for `/metrics`: its name, what it means, and how it is read.

    `read` gives the value of each area that has something to tell, from the service's own tables;
    it runs on a thread, at most once in ten seconds. No more than `most` areas are told of, those
    with the highest values; `bulwark_series_left_out` counts the others.
    """

    name: str
    meaning: str
    read: "Callable[[Session, Site], Mapping[str, float]]"
    most: int = MOST_AREAS


@dataclass(slots=True)
class Site:
    """The ports that every service of a process shares; `drill` marks every event of a drill."""

    name: str
    clock: Clock
    areas: Areas
    packs: Packs
    tokens: Tokens
    vault: Vault
    secret: bytes
    drill: bool = False
    precedence: Precedence = field(default_factory=Precedence)

    def pack(self) -> PolicyPack:
        """The policy pack in force now."""
        return self.packs.in_force(self.clock.now().date())


@dataclass(frozen=True)
class Service:
    """One service, wired.

    `consumes` are other services' events; `reacts` its own events, handled in the transaction
    that made them; `due` its due things by kind; `starts` run once in each process before
    anything else; `duties` are loops of one process at a time, such as sending to the outside;
    `gauges` are what it tells whoever watches, by area; `tells` what it tells besides, by the
    process at work alone.
    """

    name: str
    migrations: Path
    metadata: Any
    listens_to: tuple[str, ...] = ()
    consumes: Mapping[type[Event], Consumer] = field(default_factory=dict)
    reacts: Mapping[type[Event], EventHandler] = field(default_factory=dict)
    due: Mapping[str, DueHandler] = field(default_factory=dict)
    starts: tuple[StartHandler, ...] = ()
    duties: tuple[Duty, ...] = ()
    routes: tuple["Routes", ...] = ()
    gauges: tuple[AreaGauge, ...] = ()
    tells: tuple[Tells, ...] = ()
    # How long its readers wait for company of an event: who only reports lets who decides go first.
    linger_seconds: float = 0.0
    # Whether its events can be found by the things they are about, for `why`.
    indexed: bool = True
