"""An empty stream is not a missing one: what has aged out is never published again."""

import asyncio

from tests.faults import streams
from tests.faults.site import Site
from tests.faults.standing import SERVICES, SOURCES
from tests.faults.table import Fault
from tests.support.harness import eventually

MAX_AGE_SECONDS = 2.0


def _wait_for_a_look(site: Site) -> None:
    """Until intake's relay has looked at its stream, which nobody else asks about meanwhile."""
    for name in SOURCES:
        site.processes[name].end()
    # Whoever asks again has done with the first answer.
    asyncio.run(streams.wait_until_asked_about(site.broker.url, "INTAKE", times=2))
    for name in SOURCES:
        site.processes[name].start()
    for name in SOURCES:
        site.wait_ready(name)


def test_nothing_is_published_again_when_messages_have_aged_out(site: Site, fault: Fault) -> None:
    """Messages aged out while all are quiet; every process killed then."""
    site.post_some(700, seed=12)
    eventually(site.at_rest)
    eventually(lambda: site.stream_state("intake")["state"]["messages"] == 0)
    head = len(site.log("intake"))
    # A restart and a look of the relay at rest: an empty stream is not a missing one.
    for name in SERVICES:
        with fault.recovering():
            site.processes[name].kill()
            fault.times += 1
            site.processes[name].start()
            site.wait_ready(name)
    _wait_for_a_look(site)
    state = site.stream_state("intake")["state"]
    assert (state["messages"], state["last_seq"]) == (0, head)
    site.post_some(1, seed=13)
    eventually(site.at_rest)
    assert site.stream_state("intake")["state"]["last_seq"] == head + 1
    site.check(whole_stream=False)
