"""The subjects that `bulwark events` asks for, and a follower that goes."""

import asyncio
from contextlib import aclosing
from pathlib import Path

import pytest

from bulwark.broker.nats_server import Broker
from bulwark.broker.tail import Wanted, connect, documents
from tests.support.harness import PATIENCE


@pytest.mark.parametrize(
    ("area", "tail"),
    [
        ("", ">"),
        ("220581", "22.05.81.>"),
        ("220581001003", "22.05.81.001.003.>"),
        ("220581001003001", "22.05.81.001.003.001"),
    ],
)
def test_subject_names_the_area_when_one_is_wanted(area: str, tail: str) -> None:
    assert Wanted(area).subjects("alerts") == [f"events.alerts.*.{tail}"]
    assert Wanted(area, ("a", "b")).subjects("x") == [f"events.x.a.{tail}", f"events.x.b.{tail}"]


@pytest.mark.parametrize("follow", [True, False])
def test_nothing_of_a_follower_is_left_running_when_it_is_done(
    tmp_path: Path, follow: bool
) -> None:
    async def scene() -> None:
        broker = Broker(tmp_path / "nats")
        await broker.start()
        try:
            client = await connect(broker.url)
            await client.jetstream(timeout=PATIENCE).add_stream(
                name="INTAKE", subjects=["events.intake.>"]
            )
            await client.jetstream(timeout=PATIENCE).publish("events.intake.a.22.05.81", b"{}")
            async with aclosing(documents(client, Wanted(), follow=follow)) as feed:
                assert await anext(feed) == {}
                if not follow:
                    assert [document async for document in feed] == []
            await client.close()
            async with asyncio.timeout(PATIENCE):
                while others := asyncio.all_tasks() - {asyncio.current_task()}:
                    await asyncio.wait(others, timeout=0.05)
        finally:
            await broker.stop()

    asyncio.run(scene())
