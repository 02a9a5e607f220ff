"""Counts events by type, and the calls of handlers.

Each labelled counter is looked up once and cached: a look-up by labels takes a microsecond, and an
event takes only some tens of microseconds in all.
"""

from collections import Counter as Tally
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from prometheus_client import Counter

from shared.events.base import Event
from shared.metrics import names as metrics

AnyHandler = Callable[..., Any]


def logged(service: str, models: Sequence[type[Event]]) -> None:
    """Count committed events by type, with one increment for each type."""
    if len(models) == 1:
        # Most transactions log one event, which is faster counted without a tally.
        _logged(service, models[0].name).inc()
        return
    for model, count in Tally(models).items():
        _logged(service, model.name).inc(count)


def handled(service: str, handler: AnyHandler, items: int, seconds: float) -> None:
    """Count the items that a handler handled, and its time in seconds."""
    counts, times = _handled(service, handler)
    counts.inc(items)
    times.inc(seconds)


def failed(service: str, handler: AnyHandler) -> None:
    """Count a failure of a handler."""
    metrics.HANDLER_ERRORS.labels(service, name_of(handler)).inc()


def name_of(handler: AnyHandler) -> str:
    """A handler's name with the feature it belongs to, as `fevers.screened`."""
    folder = handler.__module__.split(".")[-2:][0]
    return f"{folder}.{handler.__qualname__}"


@cache
def _logged(service: str, event: str) -> Counter:
    return metrics.EVENTS_LOGGED_BY_TYPE.labels(service, event)


@cache
def _handled(service: str, handler: AnyHandler) -> tuple[Counter, Counter]:
    labels = (service, name_of(handler))
    return metrics.HANDLED.labels(*labels), metrics.HANDLER_SECONDS.labels(*labels)
