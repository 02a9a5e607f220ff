"""Counting what is done: events by type, and the calls of handlers.

A counter's child is looked up once and kept: looking it up by its labels costs a microsecond, and
an event costs some tens of them in all.
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
    """Count committed events by type: one look at each type, however many events there are."""
    if len(models) == 1:
        # Most transactions of a quiet day: to tally one costs more than to count it.
        _logged(service, models[0].name).inc()
        return
    for model, count in Tally(models).items():
        _logged(service, model.name).inc(count)


def handled(service: str, handler: AnyHandler, items: int, seconds: float) -> None:
    """Count what a handler took, and the time it needed."""
    counts, times = _handled(service, handler)
    counts.inc(items)
    times.inc(seconds)


def failed(service: str, handler: AnyHandler) -> None:
    """Count a failure of a handler."""
    metrics.HANDLER_ERRORS.labels(service, name_of(handler)).inc()


def name_of(handler: AnyHandler) -> str:
    """A handler's name with the noun it belongs to, as `fevers.screened`."""
    folder = handler.__module__.split(".")[-2:][0]
    return f"{folder}.{handler.__qualname__}"


@cache
def _logged(service: str, event: str) -> Counter:
    return metrics.EVENTS_LOGGED_BY_TYPE.labels(service, event)


@cache
def _handled(service: str, handler: AnyHandler) -> tuple[Counter, Counter]:
    labels = (service, name_of(handler))
    return metrics.HANDLED.labels(*labels), metrics.HANDLER_SECONDS.labels(*labels)
