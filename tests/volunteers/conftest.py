"""Matching looks at a whole county, so what a test leaves is cleared away before the next."""

from collections.abc import Iterator

import pytest

from tests.harness import Node
from tests.volunteers.world import cleared


@pytest.fixture
def county(node: Node) -> Iterator[Node]:
    """The node, with nothing of the test left afterwards."""
    yield node
    cleared(node)
