"""Request handlers on a real broker: who answers when, what is logged, what is counted."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import nats.errors
import pytest
from faststream.nats.subscriber.usecases import CoreSubscriber
from prometheus_client import REGISTRY

from bulwark.broker.nats_server import Broker
from shared.nats.connection import GRACE_SECONDS, Bus
from shared.nats.patches import close_transport
from shared.nats.request_handlers import RequestHandlers
from shared.runtime.tasks import CANCEL_SECONDS
from tests.support.core.stage import metric

COUNT = "bulwark_faststream_received_processed_messages_total"
FAILED = "bulwark_faststream_received_processed_messages_exceptions_total"
Answer = Callable[[], Awaitable[str | None]]


@asynccontextmanager
async def buses(url: str, *names: str) -> AsyncIterator[list[Bus]]:
    """Connections, closed in the end."""
    opened = [Bus(url, name) for name in names]
    for bus in opened:
        await bus.connect()
    try:
        yield opened
    finally:
        for bus in opened:
            await bus.close()


def handlers(bus: Bus, answer: Answer, subject: str = "asked.x") -> RequestHandlers:
    """One handler of requests."""

    def register() -> Sequence[CoreSubscriber]:
        subscriber = bus.broker.subscriber(subject, persistent=False)
        subscriber(answer)
        return (subscriber,)

    return RequestHandlers(register)


def says(word: str) -> Answer:
    """A handler that answers with a word."""

    async def answer() -> str:
        return word

    return answer


async def asked(bus: Bus, subject: str = "asked.x") -> str | None:
    """The answer; None when nobody is there."""
    try:
        return (await bus.request(subject)).data.decode()
    except (nats.errors.NoRespondersError, nats.errors.TimeoutError):
        return None


async def flushed(*some: Bus) -> None:
    """The server knows what these subscribe to."""
    for bus in some:
        # Twice: nats-py's ping goes past what it has still to write.
        await bus.client.flush()
        await bus.client.flush()


def test_leader_alone_answers_however_often_the_lead_changes(broker: Broker) -> None:
    async def scenario() -> list[str | None]:
        async with buses(broker.url, "one", "two", "asker") as (one, two, asker):
            first, second = handlers(one, says("one")), handlers(two, says("two"))
            heard = [await asked(asker)]
            for _ in range(2):
                for leader, follower in ((first, second), (second, first)):
                    await follower.end()
                    await leader.begin()
                    # As the relay does in each of its rounds.
                    await leader.begin()
                    await flushed(one, two)
                    heard.append(await asked(asker))
            await second.end()
            await flushed(two)
            return [*heard, await asked(asker)]

    assert asyncio.run(scenario()) == [None, "one", "two", "one", "two", None]


def test_handlers_answer_again_when_the_connection_was_lost(broker: Broker) -> None:
    async def scenario() -> str | None:
        async with buses(broker.url, "one", "asker") as (one, asker):
            mine = handlers(one, says("one"))
            await mine.begin()
            await flushed(one)
            close_transport(one.client)
            async with asyncio.timeout(20):
                while not (one.connected and await asked(asker)):
                    await asyncio.sleep(0.05)
            return await asked(asker)

    assert asyncio.run(scenario()) == "one"


def test_answer_under_way_is_sent_when_its_handlers_end(broker: Broker) -> None:
    async def scenario() -> str | None:
        async with buses(broker.url, "one", "asker") as (one, asker):
            begun = asyncio.Event()

            async def slow() -> str:
                begun.set()
                await asyncio.sleep(GRACE_SECONDS / 10)
                return "whole"

            mine = handlers(one, slow)
            await mine.begin()
            await flushed(one)
            asking = asyncio.create_task(asked(asker))
            await begun.wait()
            await mine.end()
            return await asking

    assert asyncio.run(scenario()) == "whole"


def test_end_is_not_held_up_when_an_answer_does_not_end(broker: Broker) -> None:
    async def scenario() -> list[str]:
        async with buses(broker.url, "one", "asker") as (one, asker):
            heard: list[str] = []
            begun = asyncio.Event()

            async def endless() -> None:
                begun.set()
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    heard.append("cancelled")
                    raise

            mine = handlers(one, endless)
            await mine.begin()
            await flushed(one)
            await asker.client.publish("asked.x")
            await begun.wait()
            async with asyncio.timeout(10):
                await mine.end()
                while not heard:
                    await asyncio.sleep(0)
            return heard

    # A loop that is ended is cancelled once more after so long.
    assert GRACE_SECONDS < CANCEL_SECONDS
    assert asyncio.run(scenario()) == ["cancelled"]


def test_earlier_term_does_not_answer_in_the_next_when_its_end_was_cut_short(
    broker: Broker,
) -> None:
    async def scenario() -> list[str]:
        async with buses(broker.url, "one", "asker") as (one, asker):
            begun = asyncio.Event()
            answers: list[str] = []

            async def slow() -> str:
                answers.append(str(len(answers)))
                if not begun.is_set():
                    begun.set()
                    await asyncio.Event().wait()
                return answers[-1]

            mine = handlers(one, slow)
            await mine.begin()
            await flushed(one)
            await asker.client.publish("asked.x")
            await begun.wait()
            ending = asyncio.create_task(mine.end())
            await asyncio.sleep(0)
            ending.cancel()
            await asyncio.wait([ending])
            await mine.begin()
            await flushed(one)
            assert await asked(asker) == "1"
            await asked(asker)
            return answers

    assert asyncio.run(scenario()) == ["0", "1", "2"]


def test_failure_is_logged_and_counted_and_not_answered_when_a_handler_raises(
    broker: Broker, logs: list[dict[str, Any]]
) -> None:
    async def fails() -> str:
        raise RuntimeError("on purpose")

    async def scenario() -> None:
        async with buses(broker.url, "failing", "asker") as (one, asker):
            await handlers(one, fails, "asked.failing").begin()
            await flushed(one)
            with pytest.raises(nats.errors.TimeoutError):
                await asker.client.request("asked.failing", timeout=0.3)

    asyncio.run(scenario())
    (told,) = [one for one in logs if one["event"] == "bus.error"]
    assert (told["subject"], told["error"]) == ("asked.failing", "RuntimeError('on purpose')")
    labels = {"app_name": "failing", "broker": "nats", "handler": "asked.failing"}
    assert metric(COUNT, **labels, status="error") == 1
    assert metric(FAILED, **labels, exception_type="RuntimeError") == 1


def test_no_label_is_of_the_askers_choosing_when_a_subject_has_a_tail(broker: Broker) -> None:
    async def scenario() -> None:
        async with buses(broker.url, "counting", "asker") as (one, asker):
            await handlers(one, says("yes"), "asked.many.>").begin()
            await flushed(one)
            for tail in range(20):
                assert await asked(asker, f"asked.many.hospital.{tail}") == "yes"

    asyncio.run(scenario())
    samples = [
        sample
        for family in REGISTRY.collect()
        if family.name.startswith("bulwark_faststream_")
        for sample in family.samples
        if sample.labels.get("app_name") == "counting"
    ]
    assert {sample.labels.get("handler") for sample in samples} == {"asked.many"}
    labels = {"app_name": "counting", "broker": "nats", "handler": "asked.many"}
    assert metric(COUNT, **labels, status="acked") == 20
