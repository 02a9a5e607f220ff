"""The gauges of a running service: lags, dead letters, areas; and what is counted."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import pytest
from sqlalchemy.orm import Session

from shared.areas.tree import Areas, UnknownArea
from shared.database.engine import Database
from shared.metrics.gauges import GaugeCollector
from shared.runtime.gauges import ServiceGauges
from shared.runtime.runtime import Runtime
from shared.runtime.service import AreaGauge, Service
from shared.site import Site
from tests.support.core.pair import append, make_source, noted, request
from tests.support.core.reading import Pair
from tests.support.core.stage import Stage, metric
from tests.support.core.works import Noting
from tests.support.harness import eventually

pytestmark = pytest.mark.requirement("P4")

SINK = {"service": "sink", "source": "source"}


def started(stage: Stage, service: Service, database: Database) -> Runtime:
    """A running service that has reached the broker."""
    runtime = stage.start(service, database)
    eventually(lambda: runtime.bus.connected)
    return runtime


def test_nothing_lags_when_all_is_published_and_applied(pair: Pair) -> None:
    pair.note(*range(30))
    pair.start_sink()
    eventually(pair.caught_up)
    eventually(lambda: pair.source.relay.published == 30)
    gauge = pair.stage.gauge
    assert gauge(pair.source, "bulwark_log_head", service="source") == 30
    assert gauge(pair.source, "bulwark_relay_lag_events", service="source") == 0
    assert gauge(pair.source, "bulwark_relay_lag_seconds", service="source") == 0
    assert gauge(pair.source, "bulwark_lease_held", service="source") == 1
    assert gauge(pair.source, "bulwark_broker_connected", service="source") == 1
    assert (gauge(pair.source, "bulwark_stream_bytes", service="source") or 0) > 1000
    assert gauge(pair.sink, "bulwark_reader_place", **SINK) == 30
    assert gauge(pair.sink, "bulwark_reader_lag_events", **SINK) == 0
    assert gauge(pair.sink, "bulwark_reader_lag_seconds", **SINK) == 0
    assert gauge(pair.sink, "bulwark_dead_letters_set_aside", **SINK) == 0


def test_relay_lag_grows_when_events_are_not_published(pair: Pair) -> None:
    pair.note(*range(5))
    eventually(lambda: pair.source.relay.published == 5)
    background = [task for task in pair.source._tasks if "relay" in task.get_name()]
    pair.stage.run(_cancel(background))
    append(pair.source_database, *[noted(number) for number in range(6, 10)])
    gauge = pair.stage.gauge
    assert gauge(pair.source, "bulwark_relay_lag_events", service="source") == 4
    eventually(
        lambda: (gauge(pair.source, "bulwark_relay_lag_seconds", service="source") or 0) > 0.05
    )


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def test_reader_lag_grows_when_events_are_not_applied(pair: Pair) -> None:
    pair.start_sink()
    eventually(lambda: pair.sink.ready)
    background = [task for task in pair.sink._tasks if "reader" in task.get_name()]
    pair.stage.run(_cancel(background))
    pair.note(*range(7))
    eventually(lambda: pair.source.relay.published == 7)
    gauge = pair.stage.gauge
    assert gauge(pair.sink, "bulwark_reader_lag_events", **SINK) == 7
    eventually(lambda: (gauge(pair.sink, "bulwark_reader_lag_seconds", **SINK) or 0) > 0.05)


def test_dead_letter_is_reported_and_its_handler_counted_when_it_fails(pair: Pair) -> None:
    handler = {"service": "sink", "handler": "core.make_sink.<locals>.apply"}
    pair.whims.poison = {3}
    pair.start_sink()
    eventually(lambda: pair.sink.ready)
    before = metric("bulwark_handler_errors_total", **handler)
    pair.note(*range(6))
    eventually(pair.caught_up)
    assert pair.stage.gauge(pair.sink, "bulwark_dead_letters_set_aside", **SINK) == 1
    assert metric("bulwark_handler_errors_total", **handler) - before == 1
    assert metric("bulwark_handled_total", **handler) >= 5
    assert metric("bulwark_handler_seconds_total", **handler) > 0


def test_events_are_counted_by_type_when_they_are_committed_and_only_then(
    stage: Stage, database: Database
) -> None:
    def refuse(_tx: Any) -> None:
        raise ValueError("not this one")

    source = started(stage, make_source(), database)
    labels = {"service": "source", "event": "noted"}
    before = metric("bulwark_events_logged_by_type_total", **labels)
    stage.submit(source, Noting(1), Noting(2, refuse), Noting(3), request(4))
    assert metric("bulwark_events_logged_by_type_total", **labels) - before == 3


class Nowhere:
    """An area tree without the areas that are reported."""

    def name(self, code: str) -> str:
        raise UnknownArea(code)


def _areas(count: int) -> AreaGauge:
    def read(_session: Session, _site: Site) -> Mapping[str, float]:
        return {f"220581001{number:03}": float(number) for number in range(count)}

    return AreaGauge("bulwark_test", "a test", read, max_areas=3)


def test_highest_areas_are_reported_and_others_counted_when_there_are_too_many(
    stage: Stage, database: Database
) -> None:
    source = started(stage, replace(make_source(), gauges=(_areas(5),)), database)
    source.site.areas = cast("Areas", Nowhere())
    eventually(lambda: source.active)
    values = [
        stage.gauge(source, "bulwark_test", area=f"220581001{n:03}", area_name="")
        for n in (4, 3, 2, 1)
    ]
    assert values == [4, 3, 2, None]
    left = stage.gauge(source, "bulwark_series_left_out", service="source", gauge="bulwark_test")
    assert left == 2


def test_state_is_reported_when_the_database_cannot_be_read(
    stage: Stage, new_file: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = started(stage, make_source(), new_file())
    errors = metric("bulwark_look_errors_total", service="source", what="log")

    def away() -> Any:
        raise OSError("the disk is gone")

    with monkeypatch.context() as broken:
        broken.setattr(source.database, "reading", away)
        assert stage.gauge(source, "bulwark_stream_bad", service="source") == 0
        assert stage.gauge(source, "bulwark_log_head", service="source") is None
    assert metric("bulwark_look_errors_total", service="source", what="log") - errors == 2


def test_follower_reports_nothing_of_the_log_when_another_leads(
    stage: Stage, new_postgres: Any
) -> None:
    database = new_postgres()
    first = started(stage, make_source(), database)
    eventually(lambda: first.active)
    url = database.write_engine.url.render_as_string(hide_password=False)
    second = started(stage, make_source(), Database(url))
    eventually(lambda: second.lease is not None and second.lease.is_follower)
    stage.submit(first, request(1))
    assert stage.gauge(first, "bulwark_log_head", service="source") == 1
    assert stage.gauge(first, "bulwark_lease_held", service="source") == 1
    assert stage.gauge(second, "bulwark_log_head", service="source") is None
    assert stage.gauge(second, "bulwark_lease_held", service="source") == 0
    assert stage.gauge(second, "bulwark_database_pool_size", service="source", pool="read") == 16
    stage.stop(second)
    second.database.close()


def test_probe_is_ended_when_the_service_ends_first(stage: Stage, new_file: Any) -> None:
    source = started(stage, make_source(), new_file())

    async def ask_and_go() -> list[str]:
        gauges = ServiceGauges(source)
        asking = asyncio.create_task(gauges.collect(GaugeCollector()))
        await asyncio.sleep(0)
        await gauges.close()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        return [task.get_name() for task in asyncio.all_tasks() if "Look" in repr(task)]

    assert stage.run(ask_and_go()) == []
