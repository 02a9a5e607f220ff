"""Matching looks at a whole county, so what a test leaves is cleared away before the next."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bulwark.data_folder import Folder
from services.volunteers.schema import Table
from shared.clock.clock import VirtualClock
from shared.database.engine import Database
from shared.database.types import core
from tests.services.volunteers.plays import START, Ground
from tests.services.volunteers.world import cleared
from tests.support.harness import Node


@pytest.fixture
def county(node: Node) -> Iterator[Node]:
    """The node, with nothing of the test left afterwards."""
    yield node
    cleared(node)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """An empty site, its clock thirty days after the first event."""
    folder = Folder(Path(tmp_path_factory.mktemp("site")))
    folder.prepare()
    site = folder.site("test", VirtualClock(START + timedelta(days=30)))
    database = Database("sqlite:///file:/volunteers?vfs=memdb&uri=true", readers=1)
    with database.write_engine.begin() as connection:
        core.create_all(connection)
        Table.metadata.create_all(connection)
    yield Ground(site, database)
    database.close()
    site.areas.close()
    site.vault.close()
