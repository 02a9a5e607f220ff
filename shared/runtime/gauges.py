"""What a running service tells of itself when somebody asks `/metrics`.

Its state is at hand; what stands in its log and in the streams is looked at off the event loop.
Only the process at work for its service tells of those: replicas would tell the same twice.
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

LOG_KEPT_SECONDS = 2.0
STREAMS_KEPT_SECONDS = 2.0
AREAS_KEPT_SECONDS = 10.0
OWN_KEPT_SECONDS = 2.0
AREA_LABELS = ("area", "area_name")


@dataclass(frozen=True, slots=True)
class _Logged:
    """What the database says; the seconds of a lag that is not known are None."""

    head: int
    lag: int | None
    lag_seconds: float
    dead: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Behind:
    """How far a reader is behind; the age of the next message is None when it cannot be read."""

    lag: int
    seconds: float | None


@dataclass(frozen=True, slots=True)
class _Streams:
    """What the broker says: the bytes of the own stream, and how far each reader is behind."""

    size: int | None
    readers: Mapping[str, _Behind]


@dataclass(frozen=True, slots=True)
class _Areas:
    """One gauge with its value of each area, and how many areas were left out."""

    family: GaugeMetricFamily
    left_out: int


class ServiceGauges:
    """The gauges of one running service."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._service = runtime.service.name

        def look_failed(what: str) -> None:
            metrics.PROBE_ERRORS.labels(self._service, what).inc()

        self._log = Probe(
            partial(on_thread, self._read_log), LOG_KEPT_SECONDS, partial(look_failed, "log")
        )
        self._streams = Probe(
            self._ask_streams, STREAMS_KEPT_SECONDS, partial(look_failed, "stream")
        )
        self._areas = Probe(
            partial(on_thread, self._read_areas), AREAS_KEPT_SECONDS, partial(look_failed, "areas")
        )
        self._own = Probe(self._ask_own, OWN_KEPT_SECONDS, partial(look_failed, "own"))

    async def collect(self, collector: GaugeCollector) -> None:
        """Tell all that is known."""
        self._collect_process(collector)
        if not self._runtime.active:
            return
        self._collect_duties(collector)
        connected = self._runtime.bus.connected
        logged, areas, streams, own = await asyncio.gather(
            self._log.latest(),
            self._areas.latest() if self._runtime.service.gauges else _nothing(),
            self._streams.latest() if connected else _nothing(),
            self._own.latest() if connected and self._runtime.service.collectors else _nothing(),
        )
        if logged is not None:
            self._collect_log(collector, logged)
        if areas is not None:
            self._collect_areas(collector, areas)
        if streams is not None:
            self._collect_streams(collector, streams)
        for value in own or ():
            collector.set(value.gauge, value.value, *value.labels)

    async def close(self) -> None:
        """End what is being looked at, before the database closes."""
        for look in (self._log, self._streams, self._areas, self._own):
            await look.close()

    def _collect_process(self, collector: GaugeCollector) -> None:
        runtime, service = self._runtime, self._service
        collector.set(metrics.LEASE_HELD, int(runtime.active), service)
        collector.set(metrics.BROKER_CONNECTED, int(runtime.bus.connected), service)
        collector.set(metrics.WRITER_WAITING, runtime.writer.transaction_seconds, service)
        collector.set(metrics.DRILL, int(runtime.site.drill), service)
        for name, (in_use, size) in runtime.database.pools().items():
            collector.set(metrics.POOL_IN_USE, in_use, service, name)
            collector.set(metrics.POOL_SIZE, size, service, name)

    def _collect_duties(self, collector: GaugeCollector) -> None:
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

    def _collect_log(self, collector: GaugeCollector, logged: _Logged) -> None:
        collector.set(metrics.LOG_HEAD, logged.head, self._service)
        if logged.lag is not None:
            collector.set(metrics.RELAY_LAG, logged.lag, self._service)
            collector.set(metrics.RELAY_LAG_SECONDS, logged.lag_seconds, self._service)
        for source, count in logged.dead.items():
            collector.set(metrics.DEAD_LETTERS_NOW, count, self._service, source)

    def _collect_streams(self, collector: GaugeCollector, streams: _Streams) -> None:
        if streams.size is not None:
            collector.set(metrics.STREAM_BYTES, streams.size, self._service)
        for source, behind in streams.readers.items():
            collector.set(metrics.READER_LAG, behind.lag, self._service, source)
            if behind.seconds is not None:
                collector.set(metrics.READER_LAG_SECONDS, behind.seconds, self._service, source)

    def _collect_areas(self, collector: GaugeCollector, areas: Sequence[_Areas]) -> None:
        for found in areas:
            collector.add_family(found.family)
            collector.set(metrics.SERIES_LEFT_OUT, found.left_out, self._service, found.family.name)

    def _read_log(self) -> _Logged:
        relay = self._runtime.relay
        known, published = relay.compared.is_set(), relay.published
        rows = event_log.events
        with self._runtime.database.reading() as session:
            connection = session.connection()
            head = event_log.head_of(connection)
            next_one = select(rows.c.stored_ms).where(rows.c.sequence == published + 1)
            stored_ms = connection.execute(next_one).scalar() if known else None
            counted = select(dead_letters.c.source, func.count()).group_by(dead_letters.c.source)
            dead = dict.fromkeys(self._runtime.service.listens_to, 0)
            dead.update(dict(connection.execute(counted).all()))
        lag = max(head - published, 0) if known else None
        return _Logged(head, lag, _age_seconds(stored_ms) if lag else 0.0, dead)

    async def _ask_streams(self) -> _Streams:
        bus = self._runtime.bus
        own = await bus.stream(self._service.upper())
        readers: dict[str, _Behind] = {}
        for reader in self._runtime.readers:
            state = await bus.stream(reader.stream)
            if state is None:
                continue
            # The place is read after the stream's end: what is applied meanwhile is no lag.
            lag = max(state.last - reader.checkpoint, 0)
            seconds = await self._waited(reader.stream, reader.checkpoint + 1) if lag else 0.0
            readers[reader.source] = _Behind(lag, seconds)
        return _Streams(None if own is None else own.size, readers)

    async def _waited(self, stream: str, sequence: int) -> float | None:
        try:
            return _age_seconds(await self._runtime.bus.stored_ms(stream, sequence))
        except (StreamRefused, TimeoutError):
            return None

    async def _ask_own(self) -> list[Sample]:
        collectors, context = self._runtime.service.collectors, self._runtime.context
        return [value for collect in collectors for value in await collect(context)]

    def _read_areas(self) -> list[_Areas]:
        site = self._runtime.site
        with self._runtime.database.reading() as session:
            read = [(gauge, gauge.read(session, site)) for gauge in self._runtime.service.gauges]
        return [_bounded(gauge, values, site.areas) for gauge, values in read]


def _bounded(gauge: AreaGauge, values: Mapping[str, float], areas: Areas) -> _Areas:
    highest = heapq.nlargest(gauge.most, values.items(), key=lambda pair: pair[1])
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
