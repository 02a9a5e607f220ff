"""Slow probes: one at a time, cached for a while, and never waited for too long."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from shared.metrics import gauges as collector
from shared.metrics.gauges import GaugeCollector, Probe
from shared.metrics.names import GaugeSpec


class Asked:
    """Something to measure: it counts its calls, and answers, waits or fails as set."""

    def __init__(self) -> None:
        self.times = self.failures = 0
        self.wait: Callable[[], Awaitable[object]] | None = None
        self.fails = False

    async def look(self) -> int:
        self.times += 1
        if self.wait is not None:
            await self.wait()
        if self.fails:
            raise OSError("away")
        return self.times

    def failed(self) -> None:
        self.failures += 1


def probe_of(asked: Asked, keep_seconds: float = 60.0) -> Probe[int]:
    return Probe(asked.look, keep_seconds, asked.failed)


def test_found_is_kept_when_it_is_asked_for_soon_again() -> None:
    asked = Asked()

    async def ask() -> list[int | None]:
        look = probe_of(asked)
        return [await look.latest(), await look.latest()]

    assert asyncio.run(ask()) == [1, 1]


def test_one_probe_runs_when_many_ask_at_once() -> None:
    asked = Asked()
    asked.wait = lambda: asyncio.sleep(0.01)

    async def ask() -> list[int | None]:
        look = probe_of(asked, 0.0)
        return await asyncio.gather(*(look.latest() for _ in range(20)))

    assert asyncio.run(ask()) == [1] * 20


def test_last_result_is_used_when_the_next_probe_fails_or_does_not_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(collector, "WAIT_SECONDS", 0.01)
    asked = Asked()

    async def ask() -> list[int | None]:
        look = probe_of(asked, 0.0)
        found = [await look.latest()]
        asked.fails = True
        found.append(await look.latest())
        asked.fails, asked.wait = False, asyncio.Event().wait
        found.append(await look.latest())
        await look.close()
        monkeypatch.setattr(collector, "STALE_SECONDS", 0.0)
        found.append(await look.latest())
        await look.close()
        return found

    assert asyncio.run(ask()) == [1, 1, 1, None]
    assert asked.failures == 1


def test_nothing_is_known_when_no_probe_ever_ended() -> None:
    asked = Asked()
    asked.fails = True

    async def ask() -> int | None:
        return await probe_of(asked).latest()

    assert asyncio.run(ask()) is None
    assert asked.failures == 1


def test_values_of_one_gauge_stand_together_when_several_services_tell_it() -> None:
    gauge, heard = GaugeSpec("bulwark_x", "x", ("service",)), GaugeCollector()
    heard.set(gauge, 1, "intake")
    heard.set(gauge, 2, "alerts")
    (family,) = heard.collect()
    assert [(s.labels["service"], s.value) for s in family.samples] == [
        ("intake", 1),
        ("alerts", 2),
    ]
