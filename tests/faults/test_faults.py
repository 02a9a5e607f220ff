"""Nothing lost, nothing doubled, nothing out of order, whatever is killed, cut, wiped or torn.

Every test ends with `site.check()`: each accepted record is in the log once, in the stream once
while it is young enough, applied or set aside once, in order.
"""

import random
import shutil
import signal

import pytest

from tests.faults.site import Site
from tests.faults.standing import SERVICES
from tests.faults.table import Fault
from tests.support.harness import eventually

RECOVERED_SECONDS = 30.0


def test_nothing_is_lost_when_services_are_killed_under_load(
    site: Site, rounds: int, fault: Fault
) -> None:
    """kill -9 of each service, at random moments under load."""
    fault.limit = RECOVERED_SECONDS
    dice = random.Random(1)
    with site.load(seed=1):
        # Once each in the suite.
        for _ in range(rounds - 1):
            for name in SERVICES:
                site.wait_for_records(dice.randrange(20, 200))
                with fault.recovering():
                    site.processes[name].kill()
                    fault.times += 1
                    site.processes[name].start()
                    site.wait_ready(name)
                    site.wait_for_records(1)
                    site.wait_until_all_is_read()
    site.check()


def test_nothing_is_lost_when_the_broker_is_killed_in_mid_batch(
    site: Site, rounds: int, fault: Fault
) -> None:
    """kill -9 of nats-server, at random moments under load."""
    fault.limit = RECOVERED_SECONDS
    dice = random.Random(2)
    with site.load(seed=2):
        for _ in range(3 * (rounds - 1)):
            site.wait_for_records(dice.randrange(20, 400))
            with fault.recovering():
                site.broker.kill()
                fault.times += 1
                # Accepted all the while, and read by nobody.
                site.wait_for_records(dice.randrange(1, 300))
                site.broker.start()
                site.wait_until_all_is_read()
    site.check()


# Files know no lease: both publish. On PostgreSQL one stands by; see test_replicas.py.
@pytest.mark.parametrize("site", ["sqlite"], indirect=True)
def test_nothing_is_doubled_when_two_relays_of_a_service_race(
    site: Site, rounds: int, fault: Fault
) -> None:
    """One of two processes of a service that race ended by kill -9, under load."""
    replica = site.process("intake", 0)
    replica.start()
    try:
        with site.load(seed=3):
            for _ in range(rounds):
                site.wait_for_records(300)
                replica.kill()
                fault.times += 1
                site.wait_for_records(100)
                replica.start()
        with fault.recovering():
            eventually(site.at_rest)
        site.check()
    finally:
        replica.end()


@pytest.mark.parametrize("how", ["while_down", "while_up"])
def test_stream_is_filled_again_when_the_store_is_deleted(
    site: Site, how: str, fault: Fault
) -> None:
    """The JetStream store deleted."""
    site.post_some(1500, seed=4)
    if how == "while_down":
        site.broker.end()
        shutil.rmtree(site.broker.store)
    else:
        # The server goes on writing: some of it is gone before its turn, or there again.
        shutil.rmtree(site.broker.store, ignore_errors=True)
        site.broker.kill()
        shutil.rmtree(site.broker.store, ignore_errors=True)
    site.post_some(200, seed=5)
    fault.times += 1
    site.broker.start()
    site.broker.wait()
    with fault.recovering():
        site.post_some(200, seed=6)
        eventually(site.at_rest)
    site.check()


def test_streams_catch_up_when_the_broker_was_away_for_long(
    site: Site, rounds: int, fault: Fault
) -> None:
    """The broker away for longer than any window of the server."""
    site.post_some(300, seed=7)
    site.broker.end()
    # Longer than the server's window of ids (0.1 s), with more than fits into one batch or pull.
    site.post_some(2500 * rounds, seed=8)
    assert site.health("intake")["status"] == 200
    fault.times += 1
    site.broker.start()
    site.broker.wait()
    with fault.recovering():
        site.post_some(10, seed=9)
        eventually(site.at_rest)
    site.check()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=lambda how: how.name)
def test_stream_is_healed_when_its_tail_was_truncated(
    site: Site, how: signal.Signals, fault: Fault, rounds: int
) -> None:
    """The stream's last file truncated, after a clean stop and after a kill."""
    for service in ("intake", "alerts") * (rounds // 5) or ("intake",):
        site.post_some(1200, seed=10 + fault.times)
        eventually(site.at_rest)
        site.broker.end(how)
        block = site.broker.blocks(service.upper())[-1]
        with block.open("r+b") as file:
            file.truncate(block.stat().st_size * 2 // 3)
        fault.times += 1
        site.broker.start()
        site.broker.wait()
        with fault.recovering():
            site.post_some(100, seed=11)
            eventually(site.at_rest)
    site.check()
