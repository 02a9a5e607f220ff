"""The routes that a process answers itself, declared as the services' are: probes and metrics."""

from collections.abc import Callable
from typing import Any

from bulwark.texts import TEXTS
from shared.http.answers import Answered
from shared.http.declaration import AreaCheck, Content, Route


class Alive(Answered):
    """Whether none of the services asked about has failed."""

    alive: bool


class ReaderHealth(Answered):
    """How far a service has read another's stream."""

    place: int
    caught_up: bool
    behind: bool


class ServiceHealth(Answered):
    """The state of each part of a service."""

    ready: bool
    active: bool
    log_head: int
    broker: bool
    stream_head: int
    database_older_than_stream: bool
    clock_jumped: bool
    readers: dict[str, ReaderHealth]


class Ready(Answered):
    """Whether the services asked about are ready, and the state of each."""

    ready: bool
    services: dict[str, ServiceHealth]


Handlers = Callable[..., Any]


def process_routes(home: Handlers, metrics: Handlers) -> list[Route]:
    """The start page and the metrics of a process."""
    return [
        _route("/", home, {307: {}}),
        _route("/metrics", metrics, {200: {"text/plain": None}}),
    ]


def probe_routes(prefix: str, livez: Handlers, readyz: Handlers) -> list[Route]:
    """The probes of a service, such as `/intake`, or of the whole process."""
    return [
        _route(f"{prefix}/livez", livez, {200: Alive, 503: Alive}),
        _route(f"{prefix}/readyz", readyz, {200: Ready, 503: Ready}),
    ]


def _route(path: str, handler: Handlers, answers: dict[int, Content]) -> Route:
    return Route(
        method="GET",
        path=path,
        tag="front",
        texts=TEXTS,
        endpoint=None,
        handler=handler,
        roles=None,
        area=(AreaCheck.NONE,),
        answers=answers,
    )
