"""What one service is made of, declared by its `main.py`; and the site it stands on."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.events import Event
from shared.site import Site
from shared.writer.handlers import Consumer, DueHandler, EventHandler, StartHandler

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from shared.http.routes import Routes
    from shared.metrics.gauges import Value
    from shared.runtime.runtime import Runtime

Duty = Callable[["Runtime"], Coroutine[Any, Any, None]]
Tells = Callable[["Runtime"], Coroutine[Any, Any, "Sequence[Value]"]]
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
