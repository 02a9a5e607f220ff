"""Three replicated nats-servers: one is killed, and another after it is back."""

import contextlib
from collections.abc import Iterator

import nats.errors
import pytest

from tests.faults.cluster import NODES, Cluster
from tests.faults.site import Site
from tests.faults.table import Fault
from tests.harness import eventually

pytestmark = pytest.mark.long

RESUMED_SECONDS = 10.0


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site whose streams are kept on three servers."""
    cluster = Cluster(tmp_path_factory.mktemp("broker") / "nodes")
    with Site(tmp_path_factory.mktemp("site"), None, broker=cluster, replicas=NODES) as site:
        yield site


def stream_end(site: Site) -> int:
    """Where intake's stream ends; -1 while the servers elect a leader."""
    with contextlib.suppress(nats.errors.Error, TimeoutError, OSError):
        return site.stream_end("intake", seconds=0.3)
    return -1


def test_nothing_is_lost_when_one_of_three_servers_is_killed_after_another(
    site: Site, fault: Fault, rounds: int
) -> None:
    """Three replicated nats-servers, one killed, then another after the first is back."""
    cluster = site.broker
    assert isinstance(cluster, Cluster)
    fault.limit = RESUMED_SECONDS
    with site.load(seed=30):
        for turn in range(max(rounds, NODES)):
            node = cluster.nodes[turn % NODES]
            before = stream_end(site)
            node.kill()
            fault.times += 1
            with fault.recovering():
                eventually(lambda: stream_end(site) > before, seconds=30)  # noqa: B023
            node.start()
            cluster.wait()
    site.check()
