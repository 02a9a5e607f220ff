"""One bit of a stream's file turned: it is made again from the log, or the bit never mattered.

The server looks at a message's checksum when it reads it. A wrong last message is seen by the
relay's check, a wrong one in the middle by whoever reads so far back, and by the server itself when
it was killed, as it then goes through its files at its start.
"""

import random
import signal

import pytest

from tests.faults.site import Site
from tests.faults.table import Fault
from tests.support.harness import eventually

pytestmark = pytest.mark.long

# The streams that all others make something of.
DAMAGED = ("intake", "alerts")


def _turn_a_bit(site: Site, stream: str, document: bytes) -> None:
    """Turn one bit in the middle of a document as it stands in a file of its stream."""
    for block in site.broker.blocks(stream):
        at = block.read_bytes().find(document) + len(document) // 2
        if at >= len(document) // 2:
            with block.open("r+b") as file:
                file.seek(at)
                byte = file.read(1)[0]
                file.seek(at)
                file.write(bytes([byte ^ 1]))
            return
    pytest.fail("the document stands in no file of the stream")


def _damage(site: Site, how: signal.Signals, service: str, number: int) -> None:
    """End the broker, turn a bit in one message of a service's stream, start the broker again."""
    document = site.log(service)[number - 1][1]
    site.broker.end(how)
    _turn_a_bit(site, service.upper(), document)
    site.broker.start()
    site.broker.wait()


def _is_healed(site: Site) -> bool:
    return all(site.stream(service) == site.log(service) for service in DAMAGED)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=lambda how: how.name)
def test_stream_is_healed_when_a_bit_of_its_last_message_is_turned(
    site: Site, how: signal.Signals, fault: Fault, rounds: int
) -> None:
    """One bit flipped in the last message, after a stop and a kill."""
    for service in DAMAGED * (rounds // 5):
        site.post_some(1200, seed=30 + fault.times)
        eventually(site.at_rest)
        _damage(site, how, service, site.head(service))
        fault.times += 1
        with fault.recovering():
            eventually(lambda: _is_healed(site))
        site.post_some(100, seed=31)
        site.check()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=lambda how: how.name)
def test_new_reader_gets_every_event_when_a_bit_of_an_old_message_is_turned(
    site: Site, how: signal.Signals, fault: Fault, rounds: int
) -> None:
    """One bit flipped in the middle, after a stop and a kill."""
    dice = random.Random(32)
    for service in DAMAGED * (rounds // 5):
        site.post_some(1200, seed=32 + fault.times)
        eventually(site.at_rest)
        _damage(site, how, service, dice.randrange(1, site.head(service)))
        fault.times += 1
        # Those who have read it long ago go on undisturbed.
        site.post_some(100, seed=33)
        eventually(site.at_rest)
        site.processes["rollup"].end()
        site.begin_anew("rollup")
        site.processes["rollup"].start()
        with fault.recovering():
            site.wait_ready("rollup")
            eventually(lambda: _is_healed(site))
        site.check()
