"""A real site for subscribers that need more than Python."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.subscribing import Site
from tests.support.harness import Node


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A node with a subscriber of one township."""
    node = Node(tmp_path / "site")
    node.start()
    try:
        site = Site(node)
        site.subscribe()
        yield site
    finally:
        node.stop()
