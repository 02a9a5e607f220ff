"""Which figures (统计数字) an event counts in, on which day, and how they add up the tree. R4, R3.

A daily figure counts what happened on a day; a standing figure is how many things are in a state
at the end of a day. A day is a local one (UTC+8), that of the time at which a thing occurred, so
that what comes late counts where it belongs. Nobody types a figure.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from shared.areas.tree import Level
from shared.clock.clock import CST
from shared.events.alerts.activities import ActivityCalledOff
from shared.events.alerts.fevers import AlertEscalated, AlertRaised, AlertResolved, FeverDetected
from shared.events.alerts.risk import RiskLevelChanged
from shared.events.base import Event
from shared.events.envelope import Recorded
from shared.events.intake.cases import CaseReported, CaseStatus
from shared.events.intake.contacts import ContactNamed, ContactTraced
from shared.events.intake.households import HouseholdChecked, OrganisationChecked
from shared.events.intake.observations import (
    CheckInMissed,
    ObservationCheckedIn,
    ObservationClosed,
    ObservationOpened,
)
from shared.events.intake.people import PersonRegistered
from shared.events.intake.samples import SampleTaken
from shared.events.intake.screenings import ScreeningRecorded, ScreeningVoided
from shared.events.vocabulary import LEVELS
from shared.events.volunteers.hours import HoursLogged
from shared.events.volunteers.requests import (
    AssistanceCompleted,
    AssistanceEscalated,
    AssistanceRequested,
)

COMMUNITY_DIGITS: Final = Level.COMMUNITY.digits
LENGTHS: Final = tuple(level.digits for level in Level)

Key = tuple[date, str, str]
"""A day, an area code, a figure."""

CASE_FIGURES: Final[Mapping[CaseStatus, str]] = {
    "confirmed": "cases",
    "suspected": "cases_suspected",
    "asymptomatic": "cases_asymptomatic",
    "recovered": "recovered",
    "died": "died",
}
# A ruling out takes back what was said before it; that there was a suspicion stays so.
RULED_OUT: Final[frozenset[CaseStatus]] = frozenset({"confirmed", "asymptomatic"})

DAILY: Final = (
    "screenings",
    "unmeasured",
    "screenings_voided",
    "fevers",
    "alerts",
    "alerts_escalated",
    "alerts_resolved",
    *CASE_FIGURES.values(),
    "people_registered",
    "households_checked",
    "organisations_checked",
    "observations_opened",
    "observations_closed",
    "check_ins",
    "check_ins_missed",
    "contacts_named",
    "contacts_traced",
    "samples_taken",
    "levels_raised",
    "levels_lowered",
    "activities_called_off",
    "requests_made",
    "requests_completed",
    "requests_escalated",
    "service_minutes",
)
"""Counted by the day; `alerts` holds the fevers too, `service_minutes` are helpers' minutes.

Fevers and alerts of a screening that was taken back are in none of them.
"""

STANDING: Final = (
    "observations_open",
    "checkpoints_open",
    "areas_sealed",
    "venues_closed",
    "venues_limited",
    "elections_paused",
    "requests_open",
    "helpers",
    "helpers_stood_down",
)
"""Counted at the end of the day; `requests_open` are those neither completed nor cancelled."""

FIGURES: Final = DAILY + STANDING


def local_day(at: datetime) -> date:
    """The day of an instant, in China Standard Time."""
    return at.astimezone(CST).date()


@dataclass(slots=True)
class Tally:
    """What a run of events adds, by day, own area and figure; and the last event to touch each."""

    daily: dict[Key, int] = field(default_factory=dict)
    standing: dict[Key, int] = field(default_factory=dict)
    last: dict[tuple[date, str], Recorded[Any]] = field(default_factory=dict)

    def count(self, day: date, area: str, figure: str, number: int, by: Recorded[Any]) -> None:
        """Add to a daily figure."""
        key = (day, area, figure)
        self.daily[key] = self.daily.get(key, 0) + number
        self.last[day, area] = by

    def stand(self, day: date, area: str, figure: str, number: int, by: Recorded[Any]) -> None:
        """Add to a standing figure, from a day on."""
        key = (day, area, figure)
        self.standing[key] = self.standing.get(key, 0) + number
        self.last[day, area] = by

    def touched(self) -> dict[tuple[date, str], Recorded[Any]]:
        """The days and communities whose figures changed, with the last event to do so."""
        return {
            (day, area[:COMMUNITY_DIGITS]): by
            for (day, area), by in self.last.items()
            if len(area) >= COMMUNITY_DIGITS
        }

    def standing_since(self) -> dict[str, date]:
        """By community, the first day from which a standing figure changed."""
        since: dict[str, date] = {}
        for day, area, _ in self.standing:
            community = area[:COMMUNITY_DIGITS]
            if len(area) >= COMMUNITY_DIGITS and day <= since.get(community, day):
                since[community] = day
        return since


Counted = Iterable[tuple[date, str, int]]


def _plain(*figures: str) -> Callable[[Event], Counted]:
    def count(event: Event) -> Counted:
        day = local_day(event.occurred_at)
        return [(day, figure, 1) for figure in figures]

    return count


def _reached(figure: str) -> Callable[[Any], Counted]:
    def count(event: HouseholdChecked | OrganisationChecked) -> Counted:
        return [(local_day(event.occurred_at), figure, int(event.outcome == "reached"))]

    return count


def _screened(event: ScreeningRecorded) -> Counted:
    day = local_day(event.occurred_at)
    if event.temperature_c is None:
        return ((day, "screenings", 1), (day, "unmeasured", 1))
    return ((day, "screenings", 1),)


def _voided(event: ScreeningVoided) -> Counted:
    day = local_day(event.screened_at)
    return (
        (day, "screenings", -1),
        (day, "unmeasured", -int(event.temperature_c is None)),
        (local_day(event.occurred_at), "screenings_voided", 1),
    )


def _resolved(event: AlertResolved) -> Counted:
    """An alert whose screening was taken back (作废) was none: it leaves the day it counted in."""
    found, ending = event.because[-2:] if len(event.because) > 1 else (None, None)
    if found and ending and ending.type == ScreeningVoided.type and found.type in _FOUND:
        return [(local_day(found.occurred_at), figure, -1) for figure in _FOUND[found.type]]
    return [(local_day(event.occurred_at), "alerts_resolved", 1)]


def _level(event: RiskLevelChanged) -> Counted:
    step = LEVELS.index(event.level) - LEVELS.index(event.previous)
    day = local_day(event.occurred_at)
    return [(day, "levels_raised", int(step > 0)), (day, "levels_lowered", int(step < 0))]


def _served(event: HoursLogged) -> Counted:
    minutes = round((event.ends_at - event.starts_at).total_seconds() / 60)
    return [(local_day(event.starts_at), "service_minutes", max(minutes, 0))]


_FOUND: Final = {FeverDetected.type: ("fevers", "alerts"), AlertRaised.type: ("alerts",)}
_COUNTERS: Final[dict[type[Event], Callable[[Any], Counted]]] = {
    ScreeningRecorded: _screened,
    ScreeningVoided: _voided,
    PersonRegistered: _plain("people_registered"),
    HouseholdChecked: _reached("households_checked"),
    OrganisationChecked: _reached("organisations_checked"),
    ObservationOpened: _plain("observations_opened"),
    ObservationClosed: _plain("observations_closed"),
    ObservationCheckedIn: _plain("check_ins"),
    CheckInMissed: _plain("check_ins_missed"),
    ContactNamed: _plain("contacts_named"),
    ContactTraced: _plain("contacts_traced"),
    SampleTaken: _plain("samples_taken"),
    FeverDetected: _plain(*_FOUND[FeverDetected.type]),
    AlertRaised: _plain(*_FOUND[AlertRaised.type]),
    AlertEscalated: _plain("alerts_escalated"),
    AlertResolved: _resolved,
    RiskLevelChanged: _level,
    ActivityCalledOff: _plain("activities_called_off"),
    AssistanceRequested: _plain("requests_made"),
    AssistanceCompleted: _plain("requests_completed"),
    AssistanceEscalated: _plain("requests_escalated"),
    HoursLogged: _served,
}


def count(run: Iterable[Recorded[Any]]) -> Tally:
    """What the events of a run add by themselves; cases and states need what was stored before."""
    tally = Tally()
    for recorded in run:
        event = recorded.data
        counter = _COUNTERS.get(type(event))
        if counter is not None:
            for day, figure, number in counter(event):
                tally.count(day, event.area, figure, number, recorded)
    return tally


def upwards(counts: Mapping[Key, int]) -> dict[Key, int]:
    """The same for every area above as well (逐级汇总); what adds nothing is left out."""
    sums: dict[Key, int] = {}
    for (day, area, figure), number in counts.items():
        for digits in LENGTHS[: LENGTHS.index(len(area)) + 1]:
            key = (day, area[:digits], figure)
            sums[key] = sums.get(key, 0) + number
    return {key: number for key, number in sums.items() if number}


# Cases ------------------------------------------------------------------------------------------


class CaseReport(NamedTuple):
    """One report of a case: its number in intake's log, the day it came, and what it says."""

    sequence: int
    day: date
    area: str
    status: CaseStatus
    confirmed_on: date | None


def case_report(recorded: Recorded[CaseReported]) -> CaseReport:
    """What is kept of a report."""
    event = recorded.data
    day = local_day(event.occurred_at)
    return CaseReport(recorded.sequence, day, event.area, event.status, event.confirmed_on)


def case_counts(reports: Iterable[CaseReport]) -> set[Key]:
    """Where a case counts: once in each status it was reported in, whatever was said twice. I9.

    The day is that of the first report, for a confirmed case the day it was confirmed on; the
    area is that of the last report in the status. A case ruled out (排除) was none.
    """
    ordered = sorted(reports)
    ruled_out = max((r.sequence for r in ordered if r.status == "cleared"), default=0)
    counts: set[Key] = set()
    for status, figure in CASE_FIGURES.items():
        valid_from = ruled_out if status in RULED_OUT else 0
        said = [r for r in ordered if r.status == status and r.sequence > valid_from]
        if said:
            counts.add((_case_day(said), said[-1].area, figure))
    return counts


def _case_day(said: Sequence[CaseReport]) -> date:
    named = [r.confirmed_on for r in said if r.status == "confirmed" and r.confirmed_on]
    return min(named[-1], said[-1].day) if named else said[0].day
