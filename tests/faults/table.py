"""The table of faults: what was injected how often, what was lost or doubled, how long it took."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import monotonic

import pytest

COLUMNS = "{:<80} {:>8} {:>6} {:>8} {:>5} {:>8} {:>9} {:>9}  {}"
FAULT = "fault"
DATABASES = ("sqlite", "postgres")
# Rows whose name begins so are added up; what the full form is to reach together.
KILL = "kill -9"
KILLS, KILL_RECORDS = 200, 100_000
# The property that a test carries its row's name in before it runs, for when it does not.
ROW = "row"

_rows: list[dict[str, object]] = []
_failed: set[str] = set()
# Names of the rows of kills that were left out of this run.
_left_out: set[str] = set()


@dataclass
class Fault:
    """One line: the name, the kind of database, and what is counted while the test runs.

    `limit` is how many seconds a recovery may take in the full form; lost and doubled are None
    while unknown.
    """

    name: str
    database: str
    limit: float = 60.0
    times: int = 0
    records: int = 0
    lost: int | None = None
    doubled: int | None = None
    seconds: list[float] = field(default_factory=list)

    @contextmanager
    def recovering(self) -> Iterator[None]:
        """The block waits until all is well again; its time is one recovery."""
        began = monotonic()
        yield
        self.seconds.append(monotonic() - began)


def row_of(fault: Fault) -> dict[str, object]:
    """What travels from the process that ran the test to the one that prints."""
    return asdict(fault)


def name_of(test: pytest.Item) -> str:
    """The name of a test's row: the first line of its docstring, and which of its cases this is."""
    said = getattr(getattr(test, "obj", None), "__doc__", None) or test.name
    name = str(said).strip().splitlines()[0].rstrip(".")
    case = getattr(getattr(test, "callspec", None), "id", "")
    words = [word for word in case.split("-") if word not in ("", *DATABASES)]
    return f"{name} [{'-'.join(words)}]" if words else name


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """Note which rows of kills a selection leaves out."""
    _left_out.update(name for name in map(name_of, items) if name.startswith(KILL))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Take the lines of tests that have ended, on whichever process they ran."""
    if report.failed:
        _failed.add(report.nodeid)
    said = dict(report.user_properties)
    if report.skipped and isinstance(row := said.get(ROW), dict):
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        _rows.append({**row, "verdict": f"not run: {why.removeprefix('Skipped: ')}"})
    found = said.get(FAULT)
    if report.when == "teardown" and isinstance(found, dict):
        _rows.append({**found, "verdict": "FAILED" if report.nodeid in _failed else ""})


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In the full form the run fails when all kills together were too few."""
    if _are_too_few(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table."""
    if not _rows:
        return
    terminalreporter.section("faults")
    head = ("fault", "database", "times", "records", "lost", "doubled", "seconds", "to reach", "")
    terminalreporter.write_line(COLUMNS.format(*head).rstrip())
    for row in _rows:
        terminalreporter.write_line(_line_of(row))
    terminalreporter.write_line("seconds: the longest time until all was well again")
    terminalreporter.write_line("?: not counted")
    if _kills():
        terminalreporter.write_line(_sum_of_kills(terminalreporter.config))


def _line_of(row: dict[str, object]) -> str:
    seconds = row["seconds"]
    worst = f"{max(seconds):.1f}" if isinstance(seconds, list) and seconds else "-"
    shown = [str(row[name]) for name in ("name", "database", "times")]
    counted = [_count(row[name]) for name in ("records", "lost", "doubled")]
    return COLUMNS.format(*shown, *counted, worst, f"{row['limit']:.0f}", row["verdict"]).rstrip()


def _kills() -> list[dict[str, object]]:
    return [row for row in _rows if str(row["name"]).startswith(KILL)]


def _sums() -> tuple[int, int]:
    times, records = (sum(int(str(row[name])) for row in _kills()) for name in ("times", "records"))
    return times, records


def _is_whole(config: pytest.Config) -> bool:
    """Whether every row of kills that there is has run, in the full form."""
    sources = (file.read_text() for file in Path(__file__).parent.glob("test_*.py"))
    named = {name for text in sources for name in re.findall(rf'"""({KILL}.*?)\.?"""', text)}
    ran = {str(row["name"]).partition(" [")[0] for row in _kills()}
    return config.getoption("--faults") == "full" and ran == named and not _left_out


def _are_too_few(config: pytest.Config) -> bool:
    times, records = _sums()
    return _is_whole(config) and (times < KILLS or records < KILL_RECORDS)


def _sum_of_kills(config: pytest.Config) -> str:
    times, records = _sums()
    line = f"{KILL} in all: {times} times, {records} records"
    if config.getoption("--faults") != "full":
        return line
    line += f" (to reach: {KILLS} times, {KILL_RECORDS} records)"
    if not _is_whole(config):
        return f"{line}: not judged, since not every row of kills ran"
    return f"{line}: {'FAILED' if _are_too_few(config) else 'reached'}"


def _count(value: object) -> str:
    return "?" if value is None else str(value)
