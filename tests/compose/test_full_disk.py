"""The broker's disk fills up and has room again: what was accepted stays, and all goes on."""

import contextlib

import pytest

from tests.compose.conftest import Deploy
from tests.compose.engine import CommandFailed
from tests.compose.ledger import Ledger
from tests.compose.stack import Stack

FILL = "dd if=/dev/zero of=/data/fill bs=65536 2>/dev/null || true"


@pytest.fixture(scope="module")
def stack(deploy: Deploy) -> Stack:
    """A deployment whose broker has a small disk."""
    stack = deploy("disk", "compose.yaml", "../tests/compose/small-disk.yaml")
    stack.up()
    return stack


def test_nothing_is_lost_and_the_broker_goes_on_when_its_disk_was_full(stack: Stack) -> None:
    """What is accepted is on the services' own disks; a broker that closed is started again."""
    ledger = Ledger(stack)
    (container,) = stack.containers("nats")
    with ledger.load():
        ledger.wait_for_more()
        stack.compose("exec", "--no-TTY", "nats", "sh", "-c", FILL)
        ledger.wait_for_more()
        # A broker that its check has just ended comes back to an empty disk, and needs no room.
        with contextlib.suppress(CommandFailed):
            stack.compose("exec", "--no-TTY", "nats", "rm", "-f", "/data/fill")
        stack.wait_healthy(container)
        ledger.wait_for_more()
    ledger.check()
