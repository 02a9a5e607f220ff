"""A stage for the core's tests: an event loop on a thread, runtimes, and an outside client."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

import orjson
from nats.aio.msg import Msg
from prometheus_client import REGISTRY as METRICS

from shared.database.engine import Database
from shared.metrics.gauges import GaugeCollector
from shared.nats.connection import Bus, StreamRefused
from shared.nats.consumer import PullConsumer
from shared.nats.stream import StreamSettings
from shared.runtime.gauges import ServiceGauges
from shared.runtime.runtime import Runtime
from shared.runtime.service import Service
from shared.writer.writer import Work
from tests.support.core.pair import make_site
from tests.support.harness import PATIENCE, PROGRAM_PATIENCE

T = TypeVar("T")


class Outside(Bus):
    """The connection of someone who is no service, and who waits for an answer patiently."""

    async def request(
        self, subject: str, payload: bytes = b"", headers: dict[str, str] | None = None
    ) -> Msg:
        """One request."""
        return await self.client.request(subject, payload, timeout=PATIENCE, headers=headers)


class Stage:
    """Runs services beside the test; everything it started is ended by `close`."""

    def __init__(self, nats_url: str) -> None:
        self.nats_url = nats_url
        self.complaints: list[dict[str, Any]] = []
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(lambda _loop, context: self.complaints.append(context))
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._runtimes: list[Runtime] = []
        self._outside: Outside | None = None

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the stage's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PROGRAM_PATIENCE)

    def make(
        self, service: Service, database: Database, streams: StreamSettings | None = None
    ) -> Runtime:
        """A service that is not started yet."""

        async def build() -> Runtime:
            return Runtime(
                service, make_site(), database, Bus(self.nats_url, service.name), streams
            )

        runtime = self.run(build())
        self._runtimes.append(runtime)
        return runtime

    def start(
        self, service: Service, database: Database, streams: StreamSettings | None = None
    ) -> Runtime:
        """A running service."""
        runtime = self.make(service, database, streams)
        self.run(runtime.start())
        return runtime

    def stop(self, runtime: Runtime) -> None:
        """End a service, its database connections too."""
        self._runtimes.remove(runtime)
        self.run(runtime.stop())

    def submit(self, runtime: Runtime, *works: Work) -> list[Any]:
        """Hand works to a service's writer at once; answers or errors, in order."""

        async def hand_over() -> list[Any]:
            waiting = [runtime.writer.submit(work) for work in works]
            return await asyncio.gather(*waiting, return_exceptions=True)

        return self.run(hand_over())

    def gauge(self, runtime: Runtime, name: str, **labels: str) -> float | None:
        """The value of a running service's gauge; None when it is not reported."""

        async def ask() -> GaugeCollector:
            collector, gauges = GaugeCollector(), ServiceGauges(runtime)
            await gauges.collect(collector)
            await gauges.close()
            return collector

        for family in self.run(ask()).collect():
            for sample in family.samples:
                if (sample.name, sample.labels) == (name, labels):
                    return float(sample.value)
        return None

    @property
    def outside(self) -> Bus:
        """A connection of someone who is no service."""
        if self._outside is None:
            self._outside = Outside(self.nats_url, "outside")
            self.run(self._outside.connect())
        return self._outside

    def api(self, verb: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """A request to JetStream's API."""
        return self.run(self.outside.api(verb, body))

    def clear(self) -> None:
        """Delete every stream of earlier tests."""
        for name in self.api("STREAM.NAMES").get("streams") or ():
            self.api(f"STREAM.DELETE.{name}")

    def publish(self, document: bytes, subject: str = "events.source.junk") -> dict[str, Any]:
        """Publish straight to a stream, past the relay; returns the ack."""
        answer = self.run(self.outside.request(subject, document))
        found: dict[str, Any] = orjson.loads(answer.data)
        return found

    def send(self, subject: str, payload: bytes) -> None:
        """Publish a message without waiting for an answer."""
        self.run(self.outside.client.publish(subject, payload))

    def repair(self, wish: Any, service: str = "source") -> dict[str, Any]:
        """Ask an owner to rebuild its stream; returns its answer."""
        answer = self.run(self.outside.request(f"repair.{service}", orjson.dumps(wish)))
        found: dict[str, Any] = orjson.loads(answer.data)
        return found

    def state(self, stream: str = "SOURCE") -> dict[str, Any]:
        """The answer of STREAM.INFO; empty while there is no such stream."""
        outside = self.outside

        async def look() -> dict[str, Any]:
            answer = await outside.request(f"$JS.API.STREAM.INFO.{stream}")
            found: dict[str, Any] = orjson.loads(answer.data)
            return found

        info = self.run(look())
        if "error" in info:
            return {}
        state = {name: info["state"][name] for name in ("first_seq", "last_seq", "messages")}
        return {**state, "created": info["created"]}

    def streamed(self, stream: str = "SOURCE") -> list[tuple[int, bytes]]:
        """A stream's messages, in order; as far as they came, when it is rebuilt meanwhile."""
        outside = self.outside

        async def read(feed: PullConsumer, found: list[tuple[int, bytes]]) -> None:
            state = await outside.stream(stream)
            if state is None or not state.messages:
                return
            await feed.open(1)
            while len(found) < state.messages:
                await feed.request_more()
                came = await feed.first(2)
                if not came.status:
                    found.append((came.number, came.document))
                elif not came.status.startswith("100"):
                    return

        async def read_and_close() -> list[tuple[int, bytes]]:
            feed = PullConsumer(outside, stream)
            found: list[tuple[int, bytes]] = []
            with contextlib.suppress(StreamRefused, TimeoutError):
                await read(feed, found)
            await feed.close()
            return found

        return self.run(read_and_close())

    def close(self) -> None:
        """End everything; a second time does nothing."""
        if self._loop.is_closed():
            return
        for runtime in list(self._runtimes):
            self.stop(runtime)
        if self._outside is not None:
            self.run(self._outside.close())
        self.run(self._cancel_the_rest())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    async def _cancel_the_rest(self) -> None:
        # As asyncio.run does: a client whose broker is gone leaves tasks behind.
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)


def metric(name: str, **labels: str) -> float:
    """The present value of a metric; 0 when it was never set."""
    return METRICS.get_sample_value(name, labels) or 0.0
