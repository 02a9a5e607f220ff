"""Junk in a stream, published by someone with rights: seen, alarmed, the stream made again."""

import asyncio
from collections.abc import Callable

import nats
import orjson
import pytest

from shared.events.envelope import parse
from tests.faults.site import Site
from tests.faults.table import Fault
from tests.support.harness import PATIENCE, eventually, new_id

REMADE = "bulwark_stream_remade_total"
SUBJECT = "events.intake.screening_recorded.22.05.81.001.001._"


def _no_event(_site: Site) -> bytes:
    return b"\x00 no event at all"


def _another_number(site: Site) -> bytes:
    """A whole event of intake's, under the number that it has in the log and not in the stream."""
    return site.log("intake")[0][1]


def _another_service(site: Site) -> bytes:
    """An event that says it is of alerts, under the very number it comes to stand at."""
    envelope = parse(site.log("intake")[0][1])
    number = site.head("intake") + 1
    forged = {**envelope, "id": new_id(), "source": "/test/alerts", "sequence": f"{number:016d}"}
    return orjson.dumps(forged)


async def _publish(url: str, documents: list[bytes]) -> None:
    client = await nats.connect(url, connect_timeout=PATIENCE)
    try:
        for document in documents:
            # Not awaited: the first may have its stream made again before the next arrives.
            await client.publish(SUBJECT, document)
        await client.flush()
    finally:
        await client.close()


@pytest.mark.parametrize("junk", [_no_event, _another_number, _another_service])
def test_stream_is_made_again_when_junk_is_published_to_it_at_rest(
    site: Site, junk: Callable[[Site], bytes], rounds: int, fault: Fault
) -> None:
    """Junk published straight to a stream at rest."""
    for round_ in range(rounds // 2):
        site.post_some(100, seed=40 + round_)
        eventually(site.at_rest)
        before = site.metric("intake", REMADE)
        asyncio.run(_publish(site.broker.url, [junk(site)] * (1 + round_)))
        fault.times += 1
        with fault.recovering():
            eventually(lambda: site.metric("intake", REMADE) > before)  # noqa: B023
            eventually(lambda: site.stream("intake") == site.log("intake"))
    site.post_some(100, seed=60)
    site.check()
    assert not any(site.dead(name) for name in ("alerts", "volunteers", "rollup"))
    assert site.metric("intake", "bulwark_stream_bad") == 0


def test_nothing_is_lost_when_junk_is_published_under_load(
    site: Site, rounds: int, fault: Fault
) -> None:
    """Junk published straight to a stream under load."""
    before = site.metric("intake", REMADE)
    with site.load(seed=41):
        for _ in range(2 * rounds):
            site.wait_for_records(200)
            asyncio.run(_publish(site.broker.url, [_no_event(site), _another_number(site)]))
            fault.times += 1
    with fault.recovering():
        eventually(site.at_rest)
    site.check()
    assert site.metric("intake", REMADE) > before
    assert not any(site.dead(name) for name in ("alerts", "volunteers", "rollup"))


def test_service_calls_a_person_when_junk_passes_for_its_own_next_event(
    site: Site, fault: Fault
) -> None:
    """Junk that passes for the service's own next event."""
    site.post_some(100, seed=42)
    eventually(site.at_rest)
    envelope = parse(site.log("intake")[-1][1])
    head = site.head("intake")
    forged = orjson.dumps({**envelope, "id": new_id(), "sequence": f"{head + 1:016d}"})
    asyncio.run(_publish(site.broker.url, [forged]))
    fault.times += 1
    # It cannot be told from an event that the database forgot: nothing is changed.
    eventually(lambda: site.metric("intake", "bulwark_stream_bad") == 1)
    assert site.health("intake")["database_older_than_stream"] is True
    assert site.try_one().status_code == 503
    assert site.head("intake") == head
    assert site.stream("intake")[-1] == (head + 1, forged)
    # A reader cannot tell either: who was running has applied it, and the doctor says what to do.
    eventually(lambda: site.place("rollup", "intake") == head + 1)
    said = site.command("doctor").stdout
    assert "others have applied them" in said
    assert "of different moments" in said
