"""A feature (a noun and all that belongs to it), and a service made of features.

Each folder of a service says in its `__init__.py` what it brings, as one `FEATURE`; the service's
`main.py` lists them. Where several features react to one event they run in the order of that list,
each after the rows of the one before it are stored.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from shared.events.base import Event
from shared.events.envelope import Recorded
from shared.http.routes import Routes
from shared.metrics.counters import name_of
from shared.runtime.service import AreaGauge, Background, Collect, Service
from shared.writer.handlers import Batched, Consumer, DueHandler, EventHandler, StartHandler, Tx

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Feature:
    """What one folder brings to its service; `package` is its own `__name__`.

    `emits` are the events that its decisions make; `consumes` other services' events that it
    handles, `reacts` its own service's; `due` its due things by kind; `on_start` runs once in each
    process before anything else; `background` are loops of the process at work alone; `gauges` are
    figures by area, `collectors` compute others.
    """

    package: str
    emits: tuple[type[Event], ...] = ()
    routes: tuple[Routes, ...] = ()
    consumes: Mapping[type[Event], Consumer] = field(default_factory=dict)
    reacts: Mapping[type[Event], EventHandler] = field(default_factory=dict)
    due: Mapping[str, DueHandler] = field(default_factory=dict)
    gauges: tuple[AreaGauge, ...] = ()
    on_start: tuple[StartHandler, ...] = ()
    background: tuple[Background, ...] = ()
    collectors: tuple[Collect, ...] = ()

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self.package.rpartition(".")[2]


def service(
    name: str,
    features: Sequence[Feature],
    *,
    migrations: Path,
    metadata: Any,
    listens_to: tuple[str, ...] = (),
    consumes: Mapping[type[Event], Consumer] | None = None,
    routes: tuple[Routes, ...] = (),
    linger_seconds: float = 0.0,
    indexed: bool = True,
) -> Service:
    """One service made of features, in the order in which they react.

    `consumes` and `routes` are those of the service as a whole. Raises ValueError when two declare
    the same due kind or route, or when one of several consumers of an event takes it in batches.
    """
    whole = Feature(package=f"services.{name}.main", consumes=consumes or {}, routes=routes)
    parts = (*features, whole)
    _check_routes(parts)
    return Service(
        name=name,
        migrations=migrations,
        metadata=metadata,
        listens_to=listens_to,
        consumes=_consumers(parts),
        reacts={
            event: handlers[0] if len(handlers) == 1 else _in_turn(handlers)
            for event, handlers in _by_event(part.reacts for part in parts).items()
        },
        due=_due(parts),
        on_start=tuple(start for part in parts for start in part.on_start),
        background=tuple(loop for part in parts for loop in part.background),
        routes=tuple(listed for part in parts for listed in part.routes),
        gauges=tuple(gauge for part in parts for gauge in part.gauges),
        collectors=tuple(collector for part in parts for collector in part.collectors),
        linger_seconds=linger_seconds,
        indexed=indexed,
    )


def _by_event(declared: Iterable[Mapping[type[Event], T]]) -> dict[type[Event], list[T]]:
    found: dict[type[Event], list[T]] = {}
    for handlers in declared:
        for event, handler in handlers.items():
            found.setdefault(event, []).append(handler)
    return found


def _in_turn(handlers: Sequence[EventHandler]) -> EventHandler:
    def handle(tx: Tx, recorded: Recorded[Any]) -> Iterable[Event]:
        return [event for handler in handlers for event in handler(tx, recorded)]

    return handle


def _consumers(parts: Sequence[Feature]) -> dict[type[Event], Consumer]:
    found: dict[type[Event], Consumer] = {}
    for event, handlers in _by_event(part.consumes for part in parts).items():
        if len(handlers) == 1:
            found[event] = handlers[0]
            continue
        singly = [handler for handler in handlers if not isinstance(handler, Batched)]
        if len(singly) < len(handlers):
            who = " and ".join(part.package for part in parts if event in part.consumes)
            raise ValueError(f"{who} consume {event.type}: none of them may take it in batches")
        found[event] = merged = _in_turn(singly)
        # A handler is counted under its name: this one's is those of all in it.
        first, *others = singly
        merged.__module__ = first.__module__
        merged.__qualname__ = "+".join([first.__qualname__, *map(name_of, others)])
    return found


def _due(parts: Sequence[Feature]) -> dict[str, DueHandler]:
    owners: dict[str, Feature] = {}
    for part in parts:
        for kind in part.due:
            _check_owner(owners, kind, part, "due kind")
    return {kind: owner.due[kind] for kind, owner in owners.items()}


def _check_routes(parts: Sequence[Feature]) -> None:
    owners: dict[str, Feature] = {}
    for part in parts:
        for routes in part.routes:
            for route in routes.listed:
                # What a path calls its parameters makes no difference to HTTP.
                path = re.sub("{[^}]*}", "{}", route.path)
                _check_owner(owners, f"{route.method} {path}", part, "route")


def _check_owner(owners: dict[str, Feature], name: str, part: Feature, what: str) -> None:
    owner = owners.setdefault(name, part)
    if owner is not part:
        raise ValueError(f"{owner.package} and {part.package} both declare the {what} {name}")
