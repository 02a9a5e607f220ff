"""Gauges computed at scrape time, and probes of what is slow to ask.

A scrape must cost the service next to nothing, and must succeed whatever else is broken. So a
database or the broker is asked by one probe at a time, which is cached for a while and waited for
only briefly.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Generic, NamedTuple, TypeVar

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from shared.metrics.names import GaugeSpec

T = TypeVar("T")

WAIT_SECONDS = 1.5
STALE_SECONDS = 60.0


class Sample(NamedTuple):
    """A gauge's value for one combination of its labels."""

    gauge: GaugeSpec
    value: float
    labels: tuple[str, ...] = ()


class GaugeCollector(Collector):
    """The gauges of all services of a process, with their values at one scrape."""

    def __init__(self) -> None:
        self._families: dict[str, GaugeMetricFamily] = {}

    def set(self, gauge: GaugeSpec, value: float, *labels: str) -> None:
        """Set a gauge's value for one combination of its labels."""
        family = self._families.get(gauge.name)
        if family is None:
            family = GaugeMetricFamily(gauge.name, gauge.meaning, labels=gauge.labels)
            self._families[gauge.name] = family
        family.add_metric(labels, value)

    def add_family(self, family: GaugeMetricFamily) -> None:
        """Add a gauge with all its values; replaces one of the same name."""
        self._families[family.name] = family

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """All gauges that have a value."""
        return list(self._families.values())


class Probe(Generic[T]):
    """A measurement that may be slow or fail; `failed` is called when it fails.

    One measurement runs at a time. Its result is cached for `cache_seconds`, and is used for up to
    a minute while the next one fails or does not finish.
    """

    def __init__(
        self, measure: Callable[[], Awaitable[T]], cache_seconds: float, failed: Callable[[], None]
    ) -> None:
        self._measure = measure
        self._cache_seconds = cache_seconds
        self._failed = failed
        self._running: asyncio.Task[None] | None = None
        self._found: T | None = None
        self._found_at = self._started_at = float("-inf")

    async def latest(self) -> T | None:
        """The latest result, measured again when it is old; None when there is none."""
        if self._running is None and time.monotonic() - self._started_at >= self._cache_seconds:
            self._started_at = time.monotonic()
            self._running = asyncio.create_task(self._run())
        if self._running is not None:
            await asyncio.wait([self._running], timeout=WAIT_SECONDS)
        if time.monotonic() - self._found_at > max(STALE_SECONDS, self._cache_seconds):
            return None
        return self._found

    async def _run(self) -> None:
        try:
            self._found = await self._measure()
            self._found_at = time.monotonic()
        except Exception:  # noqa: BLE001 - the other gauges are still collected
            self._failed()
        finally:
            self._running = None

    async def close(self) -> None:
        """Cancel a running measurement."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])
