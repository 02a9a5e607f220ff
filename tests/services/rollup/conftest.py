"""A node whose clock the tests step, once on each database."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from shared.clock.clock import VirtualClock
from tests.support.harness import Node, PostgresServer

START = datetime.fromisoformat("2021-03-01T07:00:00+08:00")


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def timed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Node]:
    """All four services on virtual time, from the morning of 1 March 2021 on."""
    folder: Path = tmp_path_factory.mktemp("timed")
    postgres: PostgresServer | None = None
    if request.param == "postgres":
        postgres = request.getfixturevalue("postgres")
    node = Node(folder, postgres, clock=VirtualClock(START))
    node.start()
    yield node
    node.stop()
