"""The rules of the daily report (日报告, 零报告): when it is open, due, late, corrected. R1.

[MCA9, PREC21]: 日报告和零报告制度, 不迟报、漏报、瞒报. One report per community and day, zero
included; its figures are computed, a person only signs it off.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Final

from shared.clock.clock import CST
from shared.events.rollup.reports import FigureChange, ReportStatus
from shared.policy.reports import Reports

MOST_DAYS_BACK: Final = 31
LONGEST_PAUSE: Final = timedelta(hours=1)

Figures = Mapping[str, int]


def opens_at(day: date, rules: Reports) -> datetime:
    """When a day's reports are opened; policy line `reports.opens_at`."""
    return datetime.combine(day, rules.opens_at, CST)


def deadline(day: date, rules: Reports) -> datetime:
    """By when a day's reports are due; policy line `reports.deadline`."""
    return datetime.combine(day, rules.deadline, CST)


def first_deadline(day: date, now: datetime, rules: Reports) -> datetime:
    """By when the reports of a site's first day are due.

    When it is set up after that day's deadline, nobody could have reported in time: they are due
    with the next day's, and nothing is missing (漏报) meanwhile.
    """
    due = deadline(day, rules)
    return due if now <= due else deadline(day + timedelta(days=1), rules)


def latest_open_day(now: datetime, rules: Reports) -> date:
    """The last day whose reports are to be open by now."""
    today = now.astimezone(CST).date()
    return today if now >= opens_at(today, rules) else today - timedelta(days=1)


def days_to_open(last: date | None, latest: date) -> list[date]:
    """The days to open when `last` was opened before, at most a month back, up to `latest`.

    The latest day is always among them, for communities that joined the tree since; a new site
    (`last` None) begins with it.
    """
    first = latest if last is None else min(last + timedelta(days=1), latest)
    first = max(first, latest - timedelta(days=MOST_DAYS_BACK - 1))
    return [first + timedelta(days=n) for n in range((latest - first).days + 1)]


def is_zero(figures: Figures, daily: Iterable[str]) -> bool:
    """Whether it is a zero report (零报告): nothing of what is counted by the day happened."""
    return not any(figures.get(name, 0) for name in daily)


def is_late(at: datetime, due: datetime) -> bool:
    """Whether a sign-off at this time is late (迟报)."""
    return at > due


def refused_sign_off(status: ReportStatus) -> str | None:
    """Which message refuses a sign-off; a missing or excused report may still come."""
    return "report_already_submitted" if status == "submitted" else None


def refused_excuse(status: ReportStatus) -> str | None:
    """Which message refuses an excuse."""
    refusals: dict[ReportStatus, str] = {
        "submitted": "report_already_submitted",
        "excused": "report_already_excused",
    }
    return refusals.get(status)


def changes(signed: Figures, now: Figures) -> dict[str, FigureChange]:
    """What differs from the figures that were signed off; only those are compared."""
    return {
        name: FigureChange(before=before, after=now.get(name, 0))
        for name, before in signed.items()
        if now.get(name, 0) != before
    }


def next_correction(revisions: int, corrected_at: datetime | None) -> datetime | None:
    """From when the next correction may be made; None for at once.

    Each correction lets the next one wait twice as long, up to an hour, so that a day that goes
    on after sign-off ends in a few corrections and not in hundreds.
    """
    if corrected_at is None:
        return None
    seconds = 2 ** min(max(revisions - 1, 0), 16)
    return corrected_at + min(timedelta(seconds=seconds), LONGEST_PAUSE)


def expected(communities: Iterable[str], known: Collection[str]) -> list[str]:
    """The communities that have no report of the day yet."""
    return [code for code in communities if code not in known]
