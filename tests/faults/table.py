"""The table of faults: what was injected how often, what was lost or doubled, how long it took."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from time import monotonic

import pytest

COLUMNS = "{:<80} {:>8} {:>6} {:>8} {:>5} {:>8} {:>9} {:>9}  {}"
FAULT = "fault"
# Rows whose name begins so are added up; what the full form is to reach together.
KILL = "kill -9"
KILLS, KILL_RECORDS = 200, 100_000

_rows: list[dict[str, object]] = []
_failed: set[str] = set()


@dataclass
class Fault:
    """One line: the name, the kind of database, and what is counted while the test runs.

    `limit` is how many seconds a recovery may take; lost and doubled are None while unknown.
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


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Take the lines of tests that have ended, on whichever process they ran."""
    if report.failed:
        _failed.add(report.nodeid)
    if report.when == "teardown":
        _rows.extend(
            {**value, "verdict": "FAILED" if report.nodeid in _failed else ""}
            for name, value in report.user_properties
            if name == FAULT and isinstance(value, dict)
        )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table."""
    if not _rows:
        return
    terminalreporter.section("faults")
    terminalreporter.write_line(
        COLUMNS.format(
            "fault", "database", "times", "records", "lost", "doubled", "seconds", "to reach", ""
        ).rstrip()
    )
    for row in _rows:
        seconds = row["seconds"]
        worst = f"{max(seconds):.1f}" if isinstance(seconds, list) and seconds else "-"
        shown = [str(row[name]) for name in ("name", "database", "times")]
        counted = [_count(row[name]) for name in ("records", "lost", "doubled")]
        line = COLUMNS.format(*shown, *counted, worst, f"{row['limit']:.0f}", row["verdict"])
        terminalreporter.write_line(line.rstrip())
    terminalreporter.write_line("seconds: the longest time until all was well again")
    terminalreporter.write_line("?: not counted")
    kills = [row for row in _rows if str(row["name"]).startswith(KILL)]
    if kills:
        full = terminalreporter.config.getoption("--faults") == "full"
        terminalreporter.write_line(_sum_of(kills, full=full))


def _sum_of(kills: list[dict[str, object]], *, full: bool) -> str:
    times, records = (sum(int(str(row[name])) for row in kills) for name in ("times", "records"))
    to_reach = f" (to reach: {KILLS} times, {KILL_RECORDS} records)" if full else ""
    return f"{KILL} in all: {times} times, {records} records{to_reach}"


def _count(value: object) -> str:
    return "?" if value is None else str(value)
