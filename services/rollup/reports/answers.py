"""What the routes of the daily reports answer. R1."""

import datetime as dt

from pydantic import AwareDatetime

from shared.events.base import AreaCode, Cause
from shared.events.rollup.reports import ReportStatus
from shared.http.answers import Answered


class Report(Answered):
    """The report of a community and a day (日报); in a list with a few of its figures."""

    area: AreaCode
    name: str
    date: dt.date
    status: ReportStatus
    zero: bool
    late: bool
    corrected: bool
    opened_at: AwareDatetime
    deadline: AwareDatetime
    submitted_at: AwareDatetime | None
    by: str | None
    note: str | None
    excused_at: AwareDatetime | None
    excused_by: str | None
    excuse: str | None
    figures: dict[str, int]


class Revision(Answered):
    """A correction: each changed figure as it was and as it became."""

    revision: int
    at: AwareDatetime
    changed: dict[str, dict[str, int]]
    because: list[Cause]


class WholeReport(Report):
    """A report with all its figures and its corrections."""

    revisions: list[Revision]
