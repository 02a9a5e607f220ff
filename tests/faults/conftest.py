"""Fault tests: `--faults=full` makes every one longer and more often."""

from collections.abc import Callable, Iterator

import pytest

from tests.faults.site import Site
from tests.faults.table import DATABASES, FAULT, ROW, Fault, name_of, row_of
from tests.support.harness import PostgresServer


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """A row that is not run stands in the table all the same."""
    if isinstance(item, pytest.Function) and "fault" in item.fixturenames:
        chosen = getattr(getattr(item, "callspec", None), "params", {}).values()
        database = next((one for one in chosen if one in DATABASES), "-")
        item.user_properties.append((ROW, row_of(Fault(name_of(item), database))))


@pytest.fixture(scope="session")
def rounds(request: pytest.FixtureRequest) -> int:
    """How often a fault is injected: twice in the suite, more often in `make faults`."""
    return 15 if request.config.getoption("--faults") == "full" else 2


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A running site on each of the databases; the tests of a module damage it one after another.

    `MAX_AGE_SECONDS` of the module says how long its streams keep messages.
    """
    postgres: PostgresServer | None = None
    if request.param == "postgres":
        postgres = request.getfixturevalue("postgres")
    age = getattr(request.module, "MAX_AGE_SECONDS", 86400.0)
    with Site(tmp_path_factory.mktemp("site"), postgres, max_age_seconds=age) as site:
        yield site


@pytest.fixture
def fault(
    request: pytest.FixtureRequest, site: Site, record_property: Callable[[str, object], None]
) -> Iterator[Fault]:
    """The test's line in the table, named by the first line of its docstring."""
    line = Fault(name_of(request.node), "sqlite" if site.is_sqlite else "postgres")
    before = len(site.ledger.accepted)
    # What an earlier test found is nothing that this one has counted.
    site.lost = site.doubled = None
    yield line
    line.records = len(site.ledger.accepted) - before
    line.lost, line.doubled = site.lost, site.doubled
    record_property(FAULT, row_of(line))
    # In the suite, beside other tests and on any machine, a time proves nothing.
    if request.config.getoption("--faults") != "full":
        return
    slowest = max(line.seconds, default=0.0)
    assert slowest <= line.limit, f"recovered after {slowest:.1f} s, to reach: {line.limit:.0f} s"
