"""A reader under load: it lingers where services share a process, and nowhere else."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.database.engine import ALONE, TOGETHER, Room
from shared.inbox.reader import FLOOD
from tests.support.core.simulation import Rooms, Simulation

pytestmark = pytest.mark.requirement("P1")

APART_SECONDS = 0.01
LOOK_SECONDS = 0.001


@pytest.fixture
def rooms(tmp_path: Path) -> Iterator[Rooms]:
    rooms = Rooms(tmp_path)
    yield rooms
    rooms.close()


@pytest.fixture
def flooded(rooms: Rooms, room: Room) -> Iterator[Simulation]:
    """A sink, with a share of its process, that has just applied many events at once."""
    rooms.open()["sink"].room = room
    simulation = Simulation(rooms)
    simulation.let(2)
    simulation.run(moves(simulation, FLOOD + 1))
    yield simulation
    simulation.close()


async def moves(simulation: Simulation, *counts: int) -> list[tuple[int, float]]:
    """Commit so many events each time, 10 ms apart: `(events applied, seconds since the first
    commit)` of each move of the sink's place."""
    first, begun = simulation.checkpoint("source"), simulation.loop.time()
    found = []

    async def watch() -> None:
        place = first
        while place < first + sum(counts):
            await asyncio.sleep(LOOK_SECONDS)
            if (now := simulation.checkpoint("source")) > place:
                found.append((now - place, simulation.loop.time() - begun))
                place = now

    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        tasks.create_task(watch())
        for count in counts:
            simulation.commit("source", *[None] * count, tell=True)
            await asyncio.sleep(APART_SECONDS)
    return found


@pytest.mark.parametrize("room", [ALONE])
def test_event_is_applied_at_once_when_a_service_is_alone_in_a_flood(flooded: Simulation) -> None:
    applied = flooded.run(moves(flooded, 1, 1))

    assert [count for count, _ in applied] == [1, 1]
    assert applied[0][1] < APART_SECONDS


@pytest.mark.parametrize("room", [TOGETHER])
def test_events_share_a_commit_when_services_share_a_process_in_a_flood(
    flooded: Simulation,
) -> None:
    ((count, seconds),) = flooded.run(moves(flooded, 1, 1))

    assert count == 2
    assert TOGETHER.flood_linger_seconds <= seconds <= TOGETHER.flood_linger_seconds + 0.005


@pytest.mark.parametrize("room", [TOGETHER])
def test_event_is_applied_at_once_when_the_flood_is_over(flooded: Simulation) -> None:
    flooded.run(moves(flooded, 1))

    ((_, seconds),) = flooded.run(moves(flooded, 1))

    assert seconds < APART_SECONDS
