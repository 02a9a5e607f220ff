"""What is told at one moment to whoever asks `/metrics`, and looks that may take long.

A scrape must cost the service next to nothing and must come whatever else is broken: what has to
be asked of a database or the broker is looked at once at a time, kept for a while, and waited for
only a little.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Generic, NamedTuple, TypeVar

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from shared.metrics.names import GaugeSpec

T = TypeVar("T")

WAITED_SECONDS = 1.5
USED_SECONDS = 60.0


class Sample(NamedTuple):
    """A value of a gauge for some values of its labels."""

    gauge: GaugeSpec
    value: float
    labels: tuple[str, ...] = ()


class GaugeCollector(Collector):
    """Gauges with their values at one moment, of all services of a process together."""

    def __init__(self) -> None:
        self._families: dict[str, GaugeMetricFamily] = {}

    def set(self, gauge: GaugeSpec, value: float, *labels: str) -> None:
        """Give a gauge a value for some values of its labels."""
        family = self._families.get(gauge.name)
        if family is None:
            family = GaugeMetricFamily(gauge.name, gauge.meaning, labels=gauge.labels)
            self._families[gauge.name] = family
        family.add_metric(labels, value)

    def add_family(self, family: GaugeMetricFamily) -> None:
        """Tell a gauge with all its values; nobody else tells of it."""
        self._families[family.name] = family

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """All gauges told."""
        return list(self._families.values())


class Probe(Generic[T]):
    """Something to look at that may take long, or fail: `failed` hears of it.

    One look goes on at a time. What it found is kept for `keep_seconds`; while the next look does
    not come, it is still used for a minute.
    """

    def __init__(
        self, look: Callable[[], Awaitable[T]], keep_seconds: float, failed: Callable[[], None]
    ) -> None:
        self._look = look
        self._keep = keep_seconds
        self._failed = failed
        self._going: asyncio.Task[None] | None = None
        self._found: T | None = None
        self._found_at = self._asked_at = float("-inf")

    async def latest(self) -> T | None:
        """What was found last, of a new look if the last is old; None when nothing is known."""
        if self._going is None and time.monotonic() - self._asked_at >= self._keep:
            self._asked_at = time.monotonic()
            self._going = asyncio.create_task(self._go())
        if self._going is not None:
            await asyncio.wait([self._going], timeout=WAITED_SECONDS)
        if time.monotonic() - self._found_at > max(USED_SECONDS, self._keep):
            return None
        return self._found

    async def _go(self) -> None:
        try:
            self._found = await self._look()
            self._found_at = time.monotonic()
        except Exception:  # noqa: BLE001 - whatever is broken, the rest is still told
            self._failed()
        finally:
            self._going = None

    async def close(self) -> None:
        """End a look that goes on."""
        if self._going is not None:
            self._going.cancel()
            await asyncio.wait([self._going])
