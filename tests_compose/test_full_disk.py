"""The broker's disk fills up: what was accepted stays, and the broker comes back by itself."""

import pytest

from tests_compose.conftest import Deploy
from tests_compose.ledger import Ledger
from tests_compose.stack import Stack
from tests_compose.waiting import eventually

FILL = "dd if=/dev/zero of=/data/fill bs=65536 2>/dev/null || true"


@pytest.fixture(scope="module")
def stack(deploy: Deploy) -> Stack:
    """A deployment whose broker has a small disk."""
    stack = deploy("disk", "compose.yaml", "../tests_compose/small-disk.yaml")
    stack.up()
    return stack


def test_broker_is_started_again_and_nothing_is_lost_when_its_disk_was_full(stack: Stack) -> None:
    """A server that could not write stays closed, whatever room there is: its check ends it."""
    ledger = Ledger(stack)
    (container,) = stack.containers("nats")
    with ledger.load():
        ledger.wait_for_more()
        stack.compose("exec", "--no-TTY", "nats", "sh", "-c", FILL)
        eventually(lambda: stack.state(container)["RestartCount"] > 0, seconds=180, every=1)
        stack.wait_healthy(container)
        ledger.wait_for_more()
    ledger.check()
