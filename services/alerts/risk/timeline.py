"""The levels that recorded cases make day by day under a policy, ordered by nobody. P6."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from services.alerts.risk.domain import Case, Report, assess, case_of, units_of
from shared.events.vocabulary import Level
from shared.policy.pack import PolicyPack

Levels = Mapping[tuple[str, date], Level]
"""The level of an area on a day; low where it is not said."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A run of days, both ends included, on which an area has one level here and another there."""

    area: str
    first: date
    last: date
    here: Level
    there: Level

    @property
    def days(self) -> int:
        """How many days it lasts."""
        return (self.last - self.first).days + 1


def days_of(reports: Mapping[str, Sequence[Report]], window_days: int, today: date) -> list[date]:
    """The days on which the cases can make a level: from the first report to the last window's end,
    not beyond today."""
    told = [report.reported_on for of_case in reports.values() for report in of_case]
    if not told:
        return []
    end = min(max(told) + timedelta(days=window_days), max(today, *told))
    return [min(told) + timedelta(days=n) for n in range((end - min(told)).days + 1)]


def levels_under(
    reports: Mapping[str, Sequence[Report]],
    days: Iterable[date],
    pack_of: Callable[[date], PolicyPack],
) -> dict[tuple[str, date], Level]:
    """The level other than low of every unit and day, by the cases as they were known that day."""
    found: dict[tuple[str, date], Level] = {}
    for day in days:
        pack = pack_of(day)
        for area, cases in _cases_by_unit(reports, day).items():
            level = assess(cases, area, day, pack).level
            if level != "low":
                found[area, day] = level
    return found


def differences(here: Levels, there: Levels, days: Sequence[date]) -> list[Difference]:
    """Where two histories of levels differ, in runs of days, by their first day and area."""
    areas = sorted({area for area, _ in (*here, *there)})
    runs = [run for area in areas for run in _runs(area, here, there, days)]
    return sorted(runs, key=lambda run: (run.first, run.area))


def _runs(area: str, here: Levels, there: Levels, days: Sequence[date]) -> Iterator[Difference]:
    run: Difference | None = None
    for day in days:
        pair = here.get((area, day), "low"), there.get((area, day), "low")
        if run is not None and pair == (run.here, run.there):
            run = Difference(area, run.first, day, *pair)
            continue
        if run is not None:
            yield run
        run = Difference(area, day, day, *pair) if pair[0] != pair[1] else None
    if run is not None:
        yield run


def _cases_by_unit(reports: Mapping[str, Sequence[Report]], day: date) -> dict[str, list[Case]]:
    units: dict[str, list[Case]] = defaultdict(list)
    for case_id, told in reports.items():
        known = [report for report in told if report.reported_on <= day]
        if known:
            case = case_of(case_id, known)
            for unit in units_of(case.area):
                units[unit].append(case)
    return units
