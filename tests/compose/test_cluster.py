"""Three nodes of the broker and two replicas of each service: the same day, one of each killed."""

import httpx
import pytest

from tests.compose.conftest import Deploy
from tests.compose.engine import docker
from tests.compose.ledger import Ledger
from tests.compose.scenario import Day
from tests.compose.stack import SERVICES, Stack
from tests.compose.waiting import eventually

NODES = ("nats", "nats-2", "nats-3")


@pytest.fixture(scope="module")
def stack(deploy: Deploy) -> Stack:
    """The deployment, all of it up and healthy."""
    stack = deploy("cluster", "compose.yaml", "compose.cluster.yaml")
    stack.up()
    return stack


@pytest.fixture(scope="module")
def ledger(stack: Stack) -> Ledger:
    """What the deployment accepted under load."""
    return Ledger(stack)


def health(stack: Stack, service: str) -> list[bool]:
    """Whether each replica of a service is the one at work."""
    program = "import httpx; print(httpx.get('http://127.0.0.1:8080/readyz').json()['services'])"
    said = [
        docker("exec", container, "python3", "-c", program)
        for container in stack.containers(service)
    ]
    return ["'active': True" in one for one in said]


def test_each_service_has_two_replicas_of_which_one_works_when_all_was_brought_up(
    stack: Stack,
) -> None:
    for service in SERVICES:
        eventually(lambda: sorted(health(stack, service)) == [False, True])  # noqa: B023


def test_each_stream_is_held_three_times_when_all_was_brought_up(stack: Stack) -> None:
    url = "http://127.0.0.1:8222/jsz?streams=true&config=true"

    def replicated() -> bool:
        said = stack.compose("exec", "--no-TTY", "nats", "wget", "-q", "-O", "-", url)
        return said.count('"num_replicas": 3') >= len(SERVICES)

    eventually(replicated, every=1)


def test_a_short_day_runs_as_expected_when_played_through_the_front_door(stack: Stack) -> None:
    day = Day(stack)
    try:
        day.play()
    finally:
        day.close()


@pytest.mark.parametrize("node", NODES[1:])
def test_streams_go_on_when_a_node_is_killed_under_load(
    node: str, stack: Stack, ledger: Ledger
) -> None:
    (container,) = stack.containers(node)
    with ledger.load(), stack.client("it") as client:
        ledger.wait_for_more()
        # Down, and kept down: the other two go on alone.
        docker("kill", container)
        before = ledger.counted(client)["screenings"]
        eventually(lambda: _counted(ledger, client) > before + 100)
        docker("start", container)
        stack.wait_healthy(container)
        ledger.wait_for_more()


@pytest.mark.parametrize("service", SERVICES)
def test_the_other_takes_over_when_the_replica_at_work_is_killed_under_load(
    service: str, stack: Stack, ledger: Ledger
) -> None:
    at_work = health(stack, service).index(True)
    container = stack.containers(service)[at_work]
    with ledger.load():
        ledger.wait_for_more()
        docker("kill", container)
        ledger.wait_for_more()
        others = [one for one in stack.containers(service) if one != container]
        assert len(others) == 1
        docker("start", container)
        stack.wait_healthy(container)
        eventually(lambda: True in health(stack, service))
        ledger.wait_for_more()


def test_every_accepted_record_is_counted_once_when_all_were_killed_in_turn(
    ledger: Ledger,
) -> None:
    ledger.check()
    assert len(ledger.accepted) > 1000


def _counted(ledger: Ledger, client: httpx.Client) -> int:
    try:
        return ledger.counted(client)["screenings"]
    except httpx.HTTPError:
        return 0
