"""What one service is made of, declared by its `main.py`."""

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
# A county has 1,526 communities at most; a larger site reports the areas with the highest values.
MAX_AREAS = 2000


@dataclass(frozen=True, slots=True)
class AreaGauge:
    """A gauge by area for `/metrics`: its name, its meaning, and how it is read.

    `read` returns the values by area from the service's own tables, on a thread and at most once
    in ten seconds. At most `max_areas` areas are reported, those with the highest values;
    `bulwark_series_left_out` counts the others.
    """

    name: str
    meaning: str
    read: Callable[[Session, Site], Mapping[str, float]]
    max_areas: int = MAX_AREAS


@dataclass(frozen=True, kw_only=True)
class Service(Handlers):
    """One service: its handlers, and what the runtime needs beside them.

    `on_start` handlers run once in each process, before other changes; `background` are loops that
    only the leader runs, such as sending webhooks; `gauges` are reported by area; `collectors`
    return further samples, in the leader alone.
    """

    migrations: Path
    metadata: Any
    on_start: tuple[StartHandler, ...] = ()
    background: tuple[Background, ...] = ()
    routes: tuple[Routes, ...] = ()
    gauges: tuple[AreaGauge, ...] = ()
    collectors: tuple[Collect, ...] = ()
