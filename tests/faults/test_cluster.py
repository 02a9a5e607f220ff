"""Three replicated nats-servers: the leader is killed, and another after it is back."""

import contextlib
from collections.abc import Iterator
from typing import Any

import nats.errors
import pytest

from tests.faults.cluster import NODES, Cluster
from tests.faults.site import Site
from tests.faults.table import Fault
from tests.support.harness import eventually

pytestmark = pytest.mark.long

RESUMED_SECONDS = 10.0


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site whose streams are kept on three servers."""
    cluster = Cluster(tmp_path_factory.mktemp("broker") / "nodes")
    with Site(tmp_path_factory.mktemp("site"), None, broker=cluster, replicas=NODES) as site:
        yield site


def stream_state(site: Site) -> dict[str, Any]:
    """What the servers say of intake's stream; nothing while they elect a leader."""
    with contextlib.suppress(nats.errors.Error, TimeoutError, OSError):
        return site.stream_state("intake", seconds=0.3)
    return {}


def leader(site: Site) -> str:
    """The name of the server that leads intake's stream; empty while there is none."""
    return str(stream_state(site).get("cluster", {}).get("leader") or "")


def stream_end(site: Site) -> int:
    """Where intake's stream ends; -1 while the servers elect a leader."""
    return int(stream_state(site).get("state", {}).get("last_seq", -1))


def test_nothing_is_lost_when_one_of_three_servers_is_killed_after_another(
    site: Site, fault: Fault, rounds: int
) -> None:
    """Three replicated nats-servers: the leader killed, then another when it is back."""
    cluster = site.broker
    assert isinstance(cluster, Cluster)
    fault.limit = RESUMED_SECONDS
    killed = set()
    with site.load(seed=30):
        for _ in range(max(rounds, NODES)):
            led_by = eventually(lambda: leader(site))
            node = cluster.named(led_by)
            node.kill()
            killed.add(led_by)
            fault.times += 1
            # What is in the log from now on was not published before the kill.
            head = site.head("intake")
            with fault.recovering():
                eventually(lambda: stream_end(site) > head)  # noqa: B023
            node.start()
            cluster.wait()
    assert len(killed) > 1, "the same server was killed each time"
    site.check()
