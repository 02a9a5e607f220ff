"""`bulwark replay`: the levels of a past outbreak, day by day, under another policy. P6."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from bulwark.backup.copies import connected
from bulwark.backup.source import Source, source_of
from bulwark.console import say
from services.alerts.risk.domain import Report
from services.alerts.risk.evidence import reports_by_case
from services.alerts.risk.timeline import Difference, Levels, days_of, differences, levels_under
from shared.areas.tree import Areas
from shared.clock.clock import CST, RealClock
from shared.events.alerts.risk import RiskLevelChanged
from shared.events.envelope import decode, parse
from shared.events.vocabulary import LEVELS, Level
from shared.policy.pack import Packs, PolicyPack, load_pack
from shared.writer.log import events

LEVEL_WORDS: dict[Level, str] = {"low": "低 low", "medium": "中 medium", "high": "高 high"}
ORDERED = "实际命令 / as ordered"


@dataclass(frozen=True, slots=True)
class Replayed:
    """Two named histories of levels over the same days, and where they differ."""

    here: str
    there: str
    cases: int
    days: list[date]
    runs: list[Difference]
    totals: dict[str, Counter[str]]


def replay(data: Path, policy: str, *, json: bool) -> None:
    """Print the differences; raises PolicyError when there is no such pack."""
    source = source_of(data)
    source.folder.require()
    packs = Packs.load(source.folder.policies)
    other = _pack(packs, policy) if policy else None
    areas = Areas.open(source.folder.areas)
    try:
        found = replayed(source, packs, other, RealClock().now().date())
        if json:
            say(orjson.dumps(_document(found), option=orjson.OPT_INDENT_2).decode())
            return
        for line in lines_of(found, areas):
            say(line)
    finally:
        areas.close()


def replayed(source: Source, packs: Packs, other: PolicyPack | None, today: date) -> Replayed:
    """Compare the levels under the packs in force with those under another pack, or as ordered."""
    with connected(source.urls["alerts"]) as connection, Session(connection) as session:
        reports = reports_by_case(session)
        ordered = _changes(session)

    def in_force(day: date) -> PolicyPack:
        return packs.packs[0] if day < packs.packs[0].in_force_from else packs.in_force(day)

    window = max(pack.risk.window_days for pack in (*packs.packs, *([other] if other else [])))
    days = days_of(reports, window, today)
    present = levels_under(reports, days, in_force)
    name = f"现行政策 / packs in force ({', '.join(pack.name for pack in packs.packs)})"
    if other is None:
        return _compared((ORDERED, _held(ordered, days)), (name, present), reports, days)
    there = levels_under(reports, days, lambda _day: other)
    return _compared((name, present), (other.name, there), reports, days)


def _pack(packs: Packs, policy: str) -> PolicyPack:
    return load_pack(Path(policy)) if policy.endswith(".toml") else packs.named(policy)


def _changes(session: Session) -> list[RiskLevelChanged]:
    """Every change of a level, in order."""
    query = (
        select(events.c.document)
        .where(events.c.subject.like("events.alerts.risk_level_changed.%"))
        .order_by(events.c.sequence)
    )
    found = (decode(parse(bytes(row.document))) for row in session.execute(query))
    return [one.data for one in found if one is not None and isinstance(one.data, RiskLevelChanged)]


def _held(changes: list[RiskLevelChanged], days: list[date]) -> dict[tuple[str, date], Level]:
    """The level ordered for each area itself, at the end of each day."""
    now: dict[str, Level] = {}
    held: dict[tuple[str, date], Level] = {}
    coming = iter([*changes, None])
    change = next(coming)
    for day in days:
        while change is not None and change.occurred_at.astimezone(CST).date() <= day:
            now[change.area] = change.level
            change = next(coming)
        held.update({(area, day): level for area, level in now.items() if level != "low"})
    return held


def _compared(
    here: tuple[str, Levels],
    there: tuple[str, Levels],
    reports: dict[str, list[Report]],
    days: list[date],
) -> Replayed:
    return Replayed(
        here=here[0],
        there=there[0],
        cases=len(reports),
        days=days,
        runs=differences(here[1], there[1], days),
        totals={"here": Counter(here[1].values()), "there": Counter(there[1].values())},
    )


def lines_of(found: Replayed, areas: Areas) -> list[str]:
    """The differences as text, one line each."""
    if not found.days:
        return ["没有病例记录 / no cases are recorded"]
    lines = [
        f"病例 {found.cases} 个,{found.days[0]} 至 {found.days[-1]} / {found.cases} cases",
        f"{found.here}  →  {found.there}",
    ]
    for run in found.runs:
        name = areas.full_name(run.area) if areas.exists(run.area) else run.area
        change = f"{LEVEL_WORDS[run.here]} → {LEVEL_WORDS[run.there]}"
        lines.append(f"  {run.first} – {run.last}  {run.days:>3} 天 d  {change}  {name}")
    if not found.runs:
        lines.append("  没有差别 / no difference")
    before, after = found.totals["here"], found.totals["there"]
    sums = [
        f"{LEVEL_WORDS[level]} {before[level]} → {after[level]}"
        for level in LEVELS
        if level != "low"
    ]
    lines.append(f"合计(区域·天) / total, areas times days: {'; '.join(sums)}")
    return lines


def _document(found: Replayed) -> dict[str, object]:
    return {
        "here": found.here,
        "there": found.there,
        "cases": found.cases,
        "days": [str(found.days[0]), str(found.days[-1])] if found.days else [],
        "totals": {side: dict(counts) for side, counts in found.totals.items()},
        "differences": [
            {
                "area": run.area,
                "from": str(run.first),
                "to": str(run.last),
                "days": run.days,
                "here": run.here,
                "there": run.there,
            }
            for run in found.runs
        ],
    }
