"""Two processes of each service on PostgreSQL: one is at work, the other takes over."""

import signal
from collections.abc import Iterator
from functools import partial

import httpx
import pytest

from tests.faults.processes import Process
from tests.faults.site import Site
from tests.faults.standing import SERVICES
from tests.faults.table import Fault
from tests.harness import PostgresServer, eventually
from tests.ports import held_port

TAKE_OVER_SECONDS = 15.0
# Longer than the lease, so that another takes over meanwhile.
SHORT_SLEEP, LONG_SLEEP = 9.0, 45.0


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> Iterator[Site]:
    """A site on PostgreSQL, where alone several processes of a service take turns."""
    with Site(tmp_path_factory.mktemp("site"), postgres) as site:
        yield site


@pytest.fixture(scope="module")
def replicas(site: Site) -> Iterator[dict[str, tuple[int, Process]]]:
    """A second process of each service, by its port."""
    second = {name: (port := held_port(), site.process(name, port)) for name in SERVICES}
    try:
        for _, process in second.values():
            process.start()
        for port, _ in second.values():
            eventually(partial(is_ready, port), seconds=30)
        yield second
    finally:
        for _, process in second.values():
            process.end()


def health(port: int) -> dict[str, object]:
    """What the only service behind a port says of itself; empty while it does not answer."""
    try:
        answer = httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False, timeout=5)
    except httpx.HTTPError:
        return {}
    found: dict[str, dict[str, object]] = answer.json()["services"]
    return next(iter(found.values()))


def is_ready(port: int) -> bool:
    """Whether the process answers requests."""
    return bool(health(port).get("ready"))


def is_at_work(port: int) -> bool:
    """Whether the process publishes, reads and ticks."""
    return bool(health(port).get("active"))


def stands_by(port: int) -> bool:
    """Whether the process knows that another is at work."""
    return health(port).get("active") is False


Replicas = dict[str, tuple[int, Process]]


def test_one_process_of_each_service_is_at_work_when_there_are_two(
    site: Site, replicas: Replicas
) -> None:
    for name, (port, _) in replicas.items():
        at_work = [health(site.ports[name])["active"], health(port)["active"]]
        assert at_work == [True, False]
    site.post_some(300, seed=20)
    site.check()


def test_replica_takes_over_when_the_process_at_work_is_killed(
    site: Site, replicas: Replicas, fault: Fault
) -> None:
    """kill -9 of the process at work, of two of each service, under load."""
    fault.limit = TAKE_OVER_SECONDS
    with site.load(seed=21, port=replicas["intake"][0]):
        for name, (port, _) in replicas.items():
            site.processes[name].kill()
            fault.times += 1
            with fault.recovering():
                eventually(partial(is_at_work, port), seconds=TAKE_OVER_SECONDS)
            eventually(partial(is_ready, port), seconds=30)
            site.processes[name].start()
    for name in SERVICES:
        eventually(partial(is_ready, site.ports[name]), seconds=30)
    site.check()


@pytest.mark.long
def test_nothing_is_doubled_when_the_process_at_work_sleeps_through_its_lease(
    site: Site, replicas: Replicas, fault: Fault, rounds: int
) -> None:
    """The process at work stopped for longer than its lease, under load."""
    fault.limit = TAKE_OVER_SECONDS
    sleep = SHORT_SLEEP if rounds == 2 else LONG_SLEEP
    places = {
        name: [(site.ports[name], site.processes[name]), replica]
        for name, replica in replicas.items()
    }
    for name in ("alerts", "rollup"):
        (port, process), (other_port, _) = sorted(
            places[name], key=lambda place: not health(place[0])["active"]
        )
        with site.load(seed=22):
            process.signal(signal.SIGSTOP)
            fault.times += 1
            try:
                with fault.recovering():
                    eventually(partial(is_at_work, other_port), seconds=TAKE_OVER_SECONDS)
                site.linger(sleep)
            finally:
                process.signal(signal.SIGCONT)
            eventually(partial(stands_by, port), seconds=30)
        site.check()
