"""What every test may use: a real broker, a real PostgreSQL, an instance on either database."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.harness import Node, PostgresServer, start_postgres

pytest_plugins = ("tests.faults.table",)


# How long an example takes to draw and to run is the machine's affair.
settings.register_profile(
    "any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any-machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--faults=full` for the long form of the fault tests."""
    parser.addoption("--faults", choices=("short", "full"), default="short")


SLOWEST_FIRST = ("faults", "docs", "bulwark/backup", "bulwark")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long ones to `make faults`: the suite stays under ten minutes on two cores."""
    if config.getoption("--faults") == "full":
        return
    long = [item for item in items if item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=long)
    short = [item for item in items if not item.get_closest_marker("long")]
    # What starts many processes begins first: begun last, one worker would wait for the other.
    items[:] = sorted(short, key=_turn)


def _turn(item: pytest.Item) -> int:
    within = item.path.relative_to(Path(__file__).parent)
    turns = (turn for turn, folder in enumerate(SLOWEST_FIRST) if within.is_relative_to(folder))
    return next(turns, len(SLOWEST_FIRST))


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A PostgreSQL server of our own, started when the first test asks for it."""
    server = start_postgres(tmp_path_factory.getbasetemp())
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def patient_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks for metrics in a test waits for them, however busy the machine is."""
    monkeypatch.setattr("shared.metrics.gauges.WAIT_SECONDS", 15.0)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def node(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Node]:
    """All four services, a broker and Meihekou's area tree; once on each database.

    Tests of one module share it: each takes communities of its own.
    """
    folder: Path = tmp_path_factory.mktemp("node")
    postgres: PostgresServer | None = None
    if request.param == "postgres":
        postgres = request.getfixturevalue("postgres")
    node = Node(folder, postgres)
    node.start()
    yield node
    node.stop()


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop for a test that awaits."""
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()
