"""A county on one machine: through the front door, and under crashes."""

import json
from collections.abc import Iterator

import httpx
import pytest

from tests.compose.conftest import Deploy
from tests.compose.engine import docker, run
from tests.compose.ledger import Ledger
from tests.compose.scenario import COMMUNITY, Day
from tests.compose.stack import SERVICES, Stack

LONG_RUNNING = ("postgres", "nats", *SERVICES, "caddy")


@pytest.fixture(scope="module")
def stack(deploy: Deploy) -> Stack:
    """The deployment, all of it up and healthy."""
    stack = deploy("one")
    stack.up()
    return stack


@pytest.fixture(scope="module")
def anyone(stack: Stack) -> Iterator[httpx.Client]:
    """Somebody without a token."""
    with stack.client() as client:
        yield client


@pytest.fixture(scope="module")
def ledger(stack: Stack) -> Ledger:
    """What the deployment accepted under load."""
    return Ledger(stack)


def test_every_container_is_healthy_when_all_was_brought_up(stack: Stack) -> None:
    for service in LONG_RUNNING:
        (container,) = stack.containers(service)
        assert stack.state(container)["Health"]["Status"] == "healthy", service


def test_a_short_day_runs_as_expected_when_played_through_the_front_door(stack: Stack) -> None:
    day = Day(stack)
    try:
        day.play()
    finally:
        day.close()


def test_probes_answer_through_the_front_door_when_asked_by_service(anyone: httpx.Client) -> None:
    for service in SERVICES:
        answer = anyone.get(f"/{service}/readyz")
        assert answer.json()["services"][service]["broker"] is True
        described = anyone.get(f"/{service}/openapi.json")
        assert described.status_code == 200, service
    assert anyone.get("/").headers["location"] == "/public/areas/220581"


@pytest.mark.parametrize(
    "path",
    [
        "/metrics",
        "/metrics/",
        *(f"/{service}/metrics" for service in SERVICES),
        "/intake/%6detrics",
        "/intake//metrics",
        "/public/../metrics",
        "/INTAKE/metrics",
        "/readyz",
    ],
)
def test_the_inside_stays_inside_when_asked_for_from_outside(
    path: str, anyone: httpx.Client
) -> None:
    """Metrics tell of everybody's work; they are for the inside alone."""
    answer = anyone.get(path)
    assert answer.status_code == 404
    assert "bulwark_" not in answer.text


def test_live_feed_tells_of_a_fever_when_somebody_watches(stack: Stack) -> None:
    body = {"area": COMMUNITY, "temperature_c": 39.1, "place_kind": "home"}
    with (
        stack.client("command") as watcher,
        stack.client("recorder") as recorder,
        watcher.stream("GET", "/stream", params={"area": COMMUNITY}) as feed,
    ):
        assert feed.status_code == 200
        recorder.post("/intake/screenings", json=body).raise_for_status()
        # A feed that stays silent ends with the client's own patience.
        assert any("fever_detected" in line for line in feed.iter_lines())


def test_only_the_front_door_is_published_and_only_to_this_machine(stack: Stack) -> None:
    for service in LONG_RUNNING:
        (container,) = stack.containers(service)
        ports = json.loads(
            docker("inspect", "--format", "{{json .HostConfig.PortBindings}}", container)
        )
        wanted = {}
        if service == "caddy":
            wanted = {"8443/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(stack.port)}]}
        assert ports == wanted, service


@pytest.mark.parametrize("service", LONG_RUNNING)
def test_container_has_no_rights_when_it_runs(service: str, stack: Stack) -> None:
    """Seen from inside: no capability in force, nothing to gain, nowhere to write."""
    (container,) = stack.containers(service)
    status = docker("exec", container, "cat", "/proc/1/status")
    found = dict(line.split(":", 1) for line in status.splitlines())
    net_bind_service = 1 << 10
    allowed = net_bind_service if service == "caddy" else 0
    assert int(found["CapBnd"], 16) == allowed
    assert found["NoNewPrivs"].strip() == "1"
    written = run(["docker", "exec", container, "touch", "/etc/mark"], must=False)
    assert "Read-only file system" in written.stderr


@pytest.mark.parametrize("service", LONG_RUNNING)
def test_container_comes_back_and_nothing_is_lost_when_it_crashes_under_load(
    service: str, stack: Stack, ledger: Ledger
) -> None:
    with ledger.load():
        ledger.wait_for_more()
        container = stack.crash(service)
        ledger.wait_for_more()
        stack.wait_healthy(container)
        ledger.wait_for_more()


def test_every_accepted_record_is_counted_once_when_all_crashed_in_turn(ledger: Ledger) -> None:
    ledger.check()
    assert len(ledger.accepted) > 1000


def test_nothing_was_dead_lettered_when_all_is_over(stack: Stack) -> None:
    assert "0 in total" in stack.tools("dead", "list")
