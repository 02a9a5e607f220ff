"""The gauges of a running service, computed when `/metrics` is scraped.

The process's own state is read at once; database and broker are probed without blocking the event
loop. Only the leader reports what they say: followers would report the same again.
"""

import asyncio
import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import func, select

from shared.areas.tree import Areas, UnknownArea
from shared.database.threads import on_thread
from shared.inbox.dead_letters import dead_letters
from shared.metrics import names as metrics
from shared.metrics.gauges import GaugeCollector, Probe, Sample
from shared.nats.connection import StreamRefused
from shared.runtime.runtime import Runtime
from shared.runtime.service import AreaGauge
from shared.writer import log as event_log

LOG_CACHE_SECONDS = 2.0
STREAMS_CACHE_SECONDS = 2.0
AREAS_CACHE_SECONDS = 10.0
OWN_CACHE_SECONDS = 2.0
AREA_LABELS = ("area", "area_name")


@dataclass(frozen=True, slots=True)
class _Log:
    """What the database says; `lag` is None until log and stream were compared."""

    head: int
    lag: int | None
    lag_seconds: float
    dead: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _ReaderLag:
    """A reader's lag in messages and in seconds; None when the next message cannot be read."""

    messages: int
    seconds: float | None


@dataclass(frozen=True, slots=True)
class _Streams:
    """What the broker says: the size of the own stream in bytes, and the lag of each reader."""

    size: int | None
    readers: Mapping[str, _ReaderLag]


@dataclass(frozen=True, slots=True)
class _Areas:
    """One gauge with its value for each area, and how many areas were left out."""

    family: GaugeMetricFamily
    left_out: int


class ServiceGauges:
    """The gauges of one running service."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._service = runtime.service.name

        def failed(what: str) -> None:
            metrics.PROBE_ERRORS.labels(self._service, what).inc()

        self._log = Probe(
            partial(on_thread, self._read_log), LOG_CACHE_SECONDS, partial(failed, "log")
        )
        self._streams = Probe(self._ask_streams, STREAMS_CACHE_SECONDS, partial(failed, "stream"))
        self._areas = Probe(
            partial(on_thread, self._read_areas), AREAS_CACHE_SECONDS, partial(failed, "areas")
        )
        self._own = Probe(self._ask_own, OWN_CACHE_SECONDS, partial(failed, "own"))

    async def collect(self, collector: GaugeCollector) -> None:
        """Set every gauge whose value is known."""
        self._collect_process(collector)
        if not self._runtime.active:
            return
        self._collect_leader(collector)
        connected = self._runtime.bus.connected
        found, areas, streams, own = await asyncio.gather(
            self._log.latest(),
            self._areas.latest() if self._runtime.service.gauges else _nothing(),
            self._streams.latest() if connected else _nothing(),
            self._own.latest() if connected and self._runtime.service.collectors else _nothing(),
        )
        if found is not None:
            self._collect_log(collector, found)
        if areas is not None:
            self._collect_areas(collector, areas)
        if streams is not None:
            self._collect_streams(collector, streams)
        for sample in own or ():
            collector.set(sample.gauge, sample.value, *sample.labels)

    async def close(self) -> None:
        """End running probes, before the database closes."""
        for probe in (self._log, self._streams, self._areas, self._own):
            await probe.close()

    def _collect_process(self, collector: GaugeCollector) -> None:
        runtime, service = self._runtime, self._service
        collector.set(metrics.LEASE_HELD, int(runtime.active), service)
        collector.set(metrics.BROKER_CONNECTED, int(runtime.bus.connected), service)
        collector.set(metrics.WRITER_WAITING, runtime.writer.transaction_seconds, service)
        collector.set(metrics.DRILL, int(runtime.site.drill), service)
        for name, (in_use, size) in runtime.database.pools().items():
            collector.set(metrics.POOL_IN_USE, in_use, service, name)
            collector.set(metrics.POOL_SIZE, size, service, name)

    def _collect_leader(self, collector: GaugeCollector) -> None:
        runtime, service = self._runtime, self._service
        collector.set(metrics.RELAY_HEAD, runtime.relay.published, service)
        collector.set(metrics.STREAM_BAD, int(runtime.relay.database_is_older), service)
        for reader in runtime.readers:
            collector.set(metrics.READER_CHECKPOINT, reader.checkpoint, service, reader.source)
            collector.set(
                metrics.READER_BEYOND_RETENTION,
                int(reader.beyond_retention),
                service,
                reader.source,
            )

    def _collect_log(self, collector: GaugeCollector, found: _Log) -> None:
        collector.set(metrics.LOG_HEAD, found.head, self._service)
        if found.lag is not None:
            collector.set(metrics.RELAY_LAG, found.lag, self._service)
            collector.set(metrics.RELAY_LAG_SECONDS, found.lag_seconds, self._service)
        for source, count in found.dead.items():
            collector.set(metrics.DEAD_LETTERS_NOW, count, self._service, source)

    def _collect_streams(self, collector: GaugeCollector, streams: _Streams) -> None:
        if streams.size is not None:
            collector.set(metrics.STREAM_BYTES, streams.size, self._service)
        for source, lag in streams.readers.items():
            collector.set(metrics.READER_LAG, lag.messages, self._service, source)
            if lag.seconds is not None:
                collector.set(metrics.READER_LAG_SECONDS, lag.seconds, self._service, source)

    def _collect_areas(self, collector: GaugeCollector, areas: Sequence[_Areas]) -> None:
        for found in areas:
            collector.add_family(found.family)
            collector.set(metrics.SERIES_LEFT_OUT, found.left_out, self._service, found.family.name)

    def _read_log(self) -> _Log:
        relay = self._runtime.relay
        compared, published = relay.compared.is_set(), relay.published
        rows = event_log.events
        with self._runtime.database.reading() as session:
            connection = session.connection()
            head = event_log.head_of(connection)
            next_one = select(rows.c.stored_ms).where(rows.c.sequence == published + 1)
            stored_ms = connection.execute(next_one).scalar() if compared else None
            counted = select(dead_letters.c.source, func.count()).group_by(dead_letters.c.source)
            dead = dict.fromkeys(self._runtime.service.listens_to, 0)
            dead.update(dict(connection.execute(counted).all()))
        lag = max(head - published, 0) if compared else None
        return _Log(head, lag, _age_seconds(stored_ms) if lag else 0.0, dead)

    async def _ask_streams(self) -> _Streams:
        bus = self._runtime.bus
        own = await bus.stream(self._service.upper())
        readers: dict[str, _ReaderLag] = {}
        for reader in self._runtime.readers:
            state = await bus.stream(reader.stream)
            if state is None:
                continue
            # The checkpoint is read after the stream's end: events applied meanwhile are no lag.
            lag = max(state.last - reader.checkpoint, 0)
            seconds = await self._age_of(reader.stream, reader.checkpoint + 1) if lag else 0.0
            readers[reader.source] = _ReaderLag(lag, seconds)
        return _Streams(None if own is None else own.size, readers)

    async def _age_of(self, stream: str, sequence: int) -> float | None:
        try:
            return _age_seconds(await self._runtime.bus.stored_ms(stream, sequence))
        except (StreamRefused, TimeoutError):
            return None

    async def _ask_own(self) -> list[Sample]:
        collectors, context = self._runtime.service.collectors, self._runtime.context
        return [sample for collect in collectors for sample in await collect(context)]

    def _read_areas(self) -> list[_Areas]:
        site = self._runtime.site
        with self._runtime.database.reading() as session:
            read = [(gauge, gauge.read(session, site)) for gauge in self._runtime.service.gauges]
        return [_bounded(gauge, values, site.areas) for gauge, values in read]


def _bounded(gauge: AreaGauge, values: Mapping[str, float], areas: Areas) -> _Areas:
    highest = heapq.nlargest(gauge.max_areas, values.items(), key=lambda pair: pair[1])
    family = GaugeMetricFamily(gauge.name, gauge.meaning, labels=AREA_LABELS)
    for area, value in highest:
        family.add_metric((area, _name(areas, area)), value)
    return _Areas(family, len(values) - len(highest))


def _name(areas: Areas, area: str) -> str:
    try:
        return areas.name(area)
    except UnknownArea:
        return ""


def _age_seconds(stored_ms: int | None) -> float:
    return 0.0 if stored_ms is None else max(event_log.machine_ms() - stored_ms, 0) / 1000


async def _nothing() -> None:
    return None
