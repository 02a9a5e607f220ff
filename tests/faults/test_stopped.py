"""A process that sleeps and wakes up behind its time does nothing twice."""

import random
import signal

import pytest

from tests.faults.site import Site
from tests.faults.standing import SERVICES
from tests.faults.table import Fault
from tests.support.harness import eventually

pytestmark = pytest.mark.long

STOPPED_SECONDS = 45.0


def test_nothing_is_doubled_when_a_process_sleeps_under_load(site: Site, fault: Fault) -> None:
    """A process stopped for 45 s (SIGSTOP), the broker's among them, under load."""
    sleepers = {**{name: site.processes[name] for name in SERVICES}, "broker": site.broker}
    dice = random.Random(7)
    with site.load(seed=100):
        for sleeper in sleepers.values():
            wanted = len(site.ledger.accepted) + dice.randrange(20, 200)
            eventually(lambda: len(site.ledger.accepted) >= wanted)  # noqa: B023
            sleeper.signal(signal.SIGSTOP)
            fault.times += 1
            try:
                site.linger(STOPPED_SECONDS)
            finally:
                sleeper.signal(signal.SIGCONT)
            with fault.recovering():
                head = site.head("intake")
                eventually(lambda: site.all_have_read(head + 1))  # noqa: B023
    site.check()
