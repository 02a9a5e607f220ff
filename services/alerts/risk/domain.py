"""The rules of risk levels (风险等级) and situations (疫情情形), of cases and a day. A3, A4.

The levels follow the national criteria of February 2020 [LEVEL20], the situations the notice of
January 2020 [COMM20, MCA9]; the numbers are the pack's.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from shared.areas.tree import Level as AreaLevel
from shared.areas.tree import ancestors, cut, level_of, within
from shared.events.alerts.risk import LevelReason
from shared.events.intake.cases import CaseOrigin, CaseStatus
from shared.events.vocabulary import LEVELS, Level, Situation
from shared.policy.pack import PolicyPack
from shared.policy.risk import RiskUnit

UNITS: dict[AreaLevel, RiskUnit] = {
    AreaLevel.COMMUNITY: "community",
    AreaLevel.TOWNSHIP: "township",
    AreaLevel.COUNTY: "county",
}
POSITIVE: tuple[CaseStatus, ...] = ("confirmed", "asymptomatic")
ENDED: tuple[CaseStatus, ...] = ("recovered", "died")


@dataclass(frozen=True, slots=True)
class Report:
    """What one report said of a case; `sequence` is its place in intake's log."""

    sequence: int
    area: str
    status: CaseStatus
    reported_on: date
    confirmed_on: date | None = None
    origin: CaseOrigin = "unknown"
    setting: str | None = None
    linked_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """A case after all its reports.

    `counts_as` is its status, for one recovered or died the status it had before; `sequence` is
    that of the report which first gave it.
    """

    id: str
    area: str
    counts_as: CaseStatus | None
    confirmed_on: date
    origin: CaseOrigin = "unknown"
    setting: str | None = None
    linked_to: tuple[str, ...] = ()
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class Assessment:
    """The level that the cases make, their ids, and the key of the policy line that says so."""

    level: Level
    evidence: tuple[str, ...]
    key: str


@dataclass(frozen=True, slots=True)
class SituationFound:
    """The situation that the cases make, their ids, and the key of the policy line."""

    situation: Situation
    evidence: tuple[str, ...]
    key: str


def case_of(case_id: str, reports: Iterable[Report]) -> Case:
    """A case from everything reported of it, in whatever order it came.

    The latest report holds; who recovered or died stays a case of the day of confirmation.
    Without such a day it is that of the report which gave the status.
    """
    told = sorted(reports, key=lambda report: report.sequence)
    latest = told[-1]
    dated = next((r.confirmed_on for r in reversed(told) if r.confirmed_on), None)
    counts_as: CaseStatus | None = latest.status
    if latest.status in ENDED:
        before = next((r.status for r in reversed(told) if r.status in POSITIVE), None)
        counts_as = before or ("confirmed" if dated else None)
    decided = next((r for r in told if r.status == counts_as), latest)
    return Case(
        id=case_id,
        area=latest.area,
        counts_as=counts_as,
        confirmed_on=dated or decided.reported_on,
        origin=latest.origin,
        setting=latest.setting,
        linked_to=latest.linked_to,
        sequence=decided.sequence,
    )


def counts(case: Case, pack: PolicyPack) -> bool:
    """Whether a case counts for risk levels, by status, origin and setting."""
    risk = pack.risk
    return (
        case.counts_as in risk.counted_statuses
        and case.origin in risk.counted_origins
        and case.setting not in risk.excluded_settings
    )


def counts_for_situation(case: Case, pack: PolicyPack) -> bool:
    """Whether a case counts for the situation of its community: any origin does."""
    return case.counts_as in pack.situations.counted_statuses


def is_new(case: Case, today: date, window_days: int) -> bool:
    """Whether a case was confirmed within the window of so many days that ends today."""
    return (today - case.confirmed_on).days < window_days


def unit_of(area: str) -> RiskUnit | None:
    """Which unit's rule holds for an area; None for one that only an order can raise."""
    return UNITS.get(level_of(area))


def units_of(area: str) -> tuple[str, ...]:
    """The units that a case in this area belongs to, the smallest first."""
    return tuple(code for level in UNITS if (code := cut(area, level)))


def assess(
    cases: Collection[Case], area: str, today: date, pack: PolicyPack, total: int | None = None
) -> Assessment:
    """The level of a unit by its cases ([LEVEL20], the pack's numbers).

    Low with fewer new ones in the window than the unit's number; high with more than its total
    and, where it asks for one, a cluster within the window; else medium. The total is of all
    time: `total`, where the cases given are not all that count, but the new ones, or without any
    those of the last day. Evidence is the new ones, for low the latest.
    """
    unit = unit_of(area)
    counted = _in_order(case for case in cases if counts(case, pack) and within(case.area, area))
    if unit is None:
        return Assessment("low", (), "risk.window_days")
    rule = pack.risk.units.of(unit)
    new = [case for case in counted if is_new(case, today, pack.risk.window_days)]
    if len(new) < rule.medium_at_new:
        last = [case for case in counted if case.confirmed_on == counted[-1].confirmed_on]
        return Assessment("low", _ids(last), "risk.window_days")
    clustered = any(len(group) >= pack.risk.cluster.size for group in linked_groups(new))
    many = (len(counted) if total is None else total) > rule.high_above_total
    if many and (clustered or not rule.high_needs_cluster):
        return Assessment("high", _ids(new), f"risk.units.{unit}.high_above_total")
    return Assessment("medium", _ids(new), f"risk.units.{unit}.medium_at_new")


def assess_situation(cases: Collection[Case], today: date, pack: PolicyPack) -> SituationFound:
    """The situation of a community by its cases [MCA9], the pack's numbers.

    Spread with so many of unknown source, or so many outbreaks (linked cases), in the window.
    """
    rules = pack.situations
    counted = _in_order(case for case in cases if counts_for_situation(case, pack))
    recent = [case for case in counted if is_new(case, today, rules.no_cases.days_without)]
    new = [case for case in counted if is_new(case, today, rules.window_days)]
    unknown = [case for case in new if case.origin == "unknown"]
    if len(unknown) >= rules.spread.unknown_origin_cases:
        return SituationFound("spread", _ids(unknown), "situations.spread.unknown_origin_cases")
    size = rules.cases_or_outbreak.outbreak_size
    outbreaks = [group for group in linked_groups(new) if len(group) >= size]
    if len(outbreaks) >= rules.spread.outbreaks:
        involved = [case for case in new if any(case.id in group for group in outbreaks)]
        return SituationFound("spread", _ids(involved), "situations.spread.outbreaks")
    if len(recent) >= rules.cases_or_outbreak.cases:
        return SituationFound("cases_or_outbreak", _ids(recent), "situations.cases_or_outbreak")
    return SituationFound("no_cases", (), "situations.no_cases.days_without")


def linked_groups(cases: Collection[Case]) -> list[frozenset[str]]:
    """The ids of cases that hang together by links among themselves, group by group."""
    group = {case.id: {case.id} for case in cases}
    for case in cases:
        for other in case.linked_to:
            if other in group and group[other] is not group[case.id]:
                smaller, larger = sorted((group[other], group[case.id]), key=len)
                larger |= smaller
                group.update(dict.fromkeys(smaller, larger))
    return [frozenset(ids) for ids in {id(members): members for members in group.values()}.values()]


def next_lapse(
    cases: Iterable[Case],
    today: date,
    pack: PolicyPack,
    counting: Callable[[Case, PolicyPack], bool],
    *windows: int,
) -> date | None:
    """The next day on which a counted case is no longer new by one of these windows, in days."""
    days = (
        case.confirmed_on + timedelta(days=window)
        for case in cases
        if counting(case, pack)
        for window in windows
    )
    return min((day for day in days if day > today), default=None)


def last_of(
    cases: Iterable[Case], pack: PolicyPack, counting: Callable[[Case, PolicyPack], bool]
) -> Case | None:
    """The counted case that was confirmed last: the one whose window counts."""
    counted = _in_order(case for case in cases if counting(case, pack))
    return counted[-1] if counted else None


def is_news(before: Case | None, after: Case, area: str, today: date, pack: PolicyPack) -> bool:
    """Whether a report brings a counted case within the window that the area did not have."""
    if not counts(after, pack) or not is_new(after, today, pack.risk.window_days):
        return False
    had = before is not None and counts(before, pack) and within(before.area, area)
    return within(after.area, area) and not had


class OrderTerms(NamedTuple):
    """What an order says to those it is for."""

    level: Level
    text: str
    issuer: str | None
    document: str | None
    until: datetime | None


def is_repeat(before: OrderTerms | None, order: OrderTerms, own: Level) -> bool:
    """Whether an order tells an area of this own level nothing that the one before it did not."""
    return order == before and order.level == own


def order_stands(ordered: Level, assessed: Level, pack: PolicyPack) -> bool:
    """Whether an order is held against the cases known at its time and against the window.

    One that says what the cases say follows them, so that a lapsed window leads to a proposal;
    where the pack decides by itself, every order is meant against it.
    """
    meant_against = ordered != assessed or pack.mode == "automatic"
    return meant_against and ordered in pack.orders.stand_above_window


def still_stands(own: Level, assessed: Level, *, news: bool) -> bool:
    """Whether an order that stands goes on doing so; only a new case that asks for as much or more
    takes its place."""
    return not (news and LEVELS.index(assessed) >= LEVELS.index(own))


def reason_by_time(own: Level, assessed: Level) -> LevelReason:
    """Why a level is due when only time has passed: it fell, or the cases still ask for it."""
    return "window_elapsed" if LEVELS.index(assessed) < LEVELS.index(own) else "cases"


def strongest(levels: Iterable[Level]) -> Level:
    """The strongest of levels; low when there are none."""
    return max(levels, key=LEVELS.index, default="low")


def areas_above(area: str) -> tuple[str, ...]:
    """The codes above an area and its own, from the province down; none for the whole site."""
    return ancestors(area) if area else ()


def _in_order(cases: Iterable[Case]) -> Sequence[Case]:
    return sorted(cases, key=lambda case: (case.confirmed_on, case.sequence, case.id))


def _ids(cases: Iterable[Case]) -> tuple[str, ...]:
    return tuple(case.id for case in cases)
