"""Two processes of each service on PostgreSQL: one is at work, the other takes over."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import httpx
import psycopg
import pytest

from shared.runtime.lease import RENEW_SECONDS
from tests.faults.processes import Process, ask
from tests.faults.site import Site
from tests.faults.standing import SERVICES
from tests.faults.table import Fault
from tests.faults.watch import Watch
from tests.support.harness import PostgresServer, eventually
from tests.support.ports import held_port

TAKE_OVER_SECONDS = 15.0
# Longer than the lease, so that another takes over meanwhile.
SLEEP_SECONDS = 45.0

# How the sessions that hold the log stand: None for one that is at work.
HOLDING = (
    "SELECT CASE WHEN state = 'active' AND wait_event_type IS DISTINCT FROM 'Client' THEN NULL "
    "ELSE state END FROM pg_stat_activity JOIN pg_locks USING (pid) "
    "WHERE relation = 'log_head'::regclass AND mode = 'RowShareLock' AND granted"
)

Replicas = dict[str, tuple[int, Process]]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> Iterator[Site]:
    """A site on PostgreSQL, where alone several processes of a service take turns."""
    with Site(tmp_path_factory.mktemp("site"), postgres) as site:
        # What a process was sent before it was stopped is answered when it goes on.
        site.patience_seconds += SLEEP_SECONDS
        yield site


@pytest.fixture(scope="module")
def hand_over_seconds(request: pytest.FixtureRequest) -> float:
    """How long two may say that they are at work: until one that slept through its lease has asked
    for it again. In the suite a busy machine may keep it waiting."""
    full = request.config.getoption("--faults") == "full"
    return RENEW_SECONDS + (1.0 if full else 30.0)


@pytest.fixture(scope="module")
def replicas(site: Site) -> Iterator[Replicas]:
    """A second process of each service, by its port."""
    second = {name: (port := held_port(), site.process(name, port)) for name in SERVICES}
    try:
        for _, process in second.values():
            process.start()
        for port, _ in second.values():
            eventually(partial(is_ready, port))
        yield second
    finally:
        for _, process in second.values():
            process.end()


def health(port: int) -> dict[str, object]:
    """What the only service behind a port says of itself; empty while it does not answer."""
    try:
        answer = ask(f"http://127.0.0.1:{port}/readyz", seconds=1)
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


def is_follower(port: int) -> bool:
    """Whether the process knows that another is at work."""
    return health(port).get("active") is False


def test_one_process_of_each_service_is_at_work_when_there_are_two(
    site: Site, replicas: Replicas
) -> None:
    for name, (port, _) in replicas.items():
        ports = (site.ports[name], port)
        eventually(lambda: sorted(map(is_at_work, ports)) == [False, True])  # noqa: B023
    site.post_some(300, seed=20)
    site.check()


@contextmanager
def watched(site: Site, replicas: Replicas, limit: float) -> Iterator[None]:
    """Fails when two processes of a service said for too long that they are at work."""
    ports = {name: (site.ports[name], port) for name, (port, _) in replicas.items()}
    with Watch(ports, is_at_work) as watch:
        yield
    assert watch.looks
    assert max(watch.longest.values(), default=0.0) <= limit, watch.longest


def places_of(site: Site, replicas: Replicas, name: str) -> list[tuple[int, Process]]:
    """Both processes of a service by their ports, the one at work first."""
    both = [(site.ports[name], site.processes[name]), replicas[name]]
    return sorted(both, key=lambda place: not is_at_work(place[0]))


@contextmanager
def load_on_both(site: Site, replicas: Replicas, seed: int) -> Iterator[None]:
    """Records flow into both processes of intake, whichever is at work."""
    with site.load(seed), site.load(seed + 1, port=replicas["intake"][0]):
        yield


def wait_for_take_over(site: Site, port: int) -> None:
    """Until the process behind a port is at work, and what is accepted then has been read."""
    eventually(partial(is_at_work, port))
    site.wait_for_records(1)
    site.wait_until_all_is_read()


def test_replica_takes_over_when_the_process_at_work_is_killed(
    site: Site, replicas: Replicas, hand_over_seconds: float, fault: Fault, rounds: int
) -> None:
    """kill -9 of the process at work, of two of each service, under load."""
    fault.limit = TAKE_OVER_SECONDS
    with watched(site, replicas, hand_over_seconds), load_on_both(site, replicas, seed=200):
        for name in SERVICES * (rounds // 5) or SERVICES[:2]:
            (port, process), (other_port, _) = places_of(site, replicas, name)
            with fault.recovering():
                process.kill()
                fault.times += 1
                wait_for_take_over(site, other_port)
            process.start()
            eventually(partial(is_follower, port))
            eventually(partial(is_ready, port))
    site.check()


@pytest.mark.long
def test_nothing_is_doubled_when_the_process_at_work_sleeps_through_its_lease(
    site: Site, replicas: Replicas, hand_over_seconds: float, fault: Fault
) -> None:
    """The process at work stopped (SIGSTOP) for longer than its lease, under load."""
    fault.limit = TAKE_OVER_SECONDS
    for seed, name in enumerate(SERVICES):
        (port, process), (other_port, _) = places_of(site, replicas, name)
        with (
            watched(site, replicas, hand_over_seconds),
            load_on_both(site, replicas, seed=220 + 2 * seed),
        ):
            site.wait_for_records(100)
            # Of intake, this meets a process that is in the midst of what its callers sent.
            process.signal(signal.SIGSTOP)
            fault.times += 1
            try:
                with fault.recovering():
                    wait_for_take_over(site, other_port)
                site.linger(SLEEP_SECONDS)
            finally:
                process.signal(signal.SIGCONT)
            eventually(partial(is_follower, port))
        site.check()


def freeze_in_mid_write(site: Site, name: str, process: Process) -> None:
    """Stop the one process that writes while PostgreSQL waits for the rest of what it sends."""
    with psycopg.connect(site.urls[name], autocommit=True) as connection:

        def holding() -> list[str | None]:
            return [state for (state,) in connection.execute(HOLDING)]

        def has_caught_it() -> bool:
            process.signal(signal.SIGSTOP)
            eventually(lambda: None not in holding())
            if "active" in holding():
                return True
            process.signal(signal.SIGCONT)
            return False

        eventually(has_caught_it)


@pytest.mark.long
def test_others_go_on_when_the_process_at_work_is_frozen_in_mid_write(
    site: Site, replicas: Replicas, hand_over_seconds: float, fault: Fault
) -> None:
    """The process at work frozen (SIGSTOP) in the midst of sending rows, under load."""
    fault.limit = TAKE_OVER_SECONDS
    # The two that append under this load.
    for seed, name in enumerate(("intake", "alerts")):
        (port, process), (other_port, _) = places_of(site, replicas, name)
        (first, _), (second, _) = places_of(site, replicas, "intake")
        with watched(site, replicas, hand_over_seconds), site.load(240 + 2 * seed, port=first):
            site.wait_for_records(100)
            freeze_in_mid_write(site, name, process)
            fault.times += 1
            with site.load(241 + 2 * seed, port=second):
                try:
                    with fault.recovering():
                        wait_for_take_over(site, other_port)
                finally:
                    process.signal(signal.SIGCONT)
                eventually(partial(is_follower, port))
        site.check()
