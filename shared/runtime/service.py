"""What one service is made of, declared by its `main.py`; and the site it stands on."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from shared.context import ServiceContext
from shared.http.routes import Routes
from shared.metrics.gauges import Sample
from shared.site import Site
from shared.writer.handlers import Handlers, StartHandler

Background = Callable[[ServiceContext], Coroutine[Any, Any, None]]
Collect = Callable[[ServiceContext], Coroutine[Any, Any, Sequence[Sample]]]
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
    read: Callable[[Session, Site], Mapping[str, float]]
    most: int = MOST_AREAS


@dataclass(frozen=True, kw_only=True)
class Service(Handlers):
    """One service, wired: its handlers, and what surrounds them.

    `starts` run once in each process before anything else; `duties` are loops of one process at a
    time, such as sending to the outside; `gauges` are what it tells whoever watches, by area;
    `tells` what it tells besides, by the process at work alone.
    """

    migrations: Path
    metadata: Any
    on_start: tuple[StartHandler, ...] = ()
    background: tuple[Background, ...] = ()
    routes: tuple[Routes, ...] = ()
    gauges: tuple[AreaGauge, ...] = ()
    collectors: tuple[Collect, ...] = ()
