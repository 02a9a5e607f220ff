"""The situation of each community (疫情情形), by its cases and the lapse of time. A3."""

from collections.abc import Callable, Iterable
from datetime import datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.alerts.risk import domain
from services.alerts.risk.domain import Case
from services.alerts.risk.evidence import causes_of, counted_for_situation, recent_cases
from services.alerts.risk.tables import CommunitySituation
from shared.clock.clock import CST
from shared.database.sql import area_range
from shared.events.alerts.risk import SituationChanged
from shared.events.base import Cause, Event
from shared.events.vocabulary import SITUATIONS, Situation
from shared.writer.handlers import Tx
from shared.writer.timers import Due

LAPSE = "risk.situation"


def situations(session: Session, prefix: str) -> dict[str, Situation]:
    """The situation of every community under a prefix that is not without cases, by community."""
    query = select(CommunitySituation.area, CommunitySituation.situation).where(
        CommunitySituation.situation != "no_cases", area_range(CommunitySituation.area, prefix)
    )
    return dict(session.execute(query).all())


def situation_of(session: Session, area: str) -> Situation:
    """The situation of a community, of a grid that of its community; above, the gravest beneath."""
    found = situations(session, area[:12])
    return max(found.values(), key=SITUATIONS.index, default="no_cases")


def reassess_situation(
    tx: Tx, community: str, causes: Callable[[str], tuple[Cause, ...]] | None = None
) -> list[Event]:
    """Work a community's situation out again; `causes` of a policy line, else its last case's."""
    pack, rules = tx.pack, tx.pack.situations
    today = tx.now.astimezone(CST).date()
    counting = domain.counts_for_situation
    windows = (rules.window_days, rules.no_cases.days_without)
    after = today - timedelta(days=max(windows))
    cases = recent_cases(tx.session, community, counted_for_situation(pack), after)
    lapse = domain.next_lapse(cases, today, pack, counting, *windows)
    if lapse is not None:
        tx.schedule(LAPSE, community, datetime.combine(lapse, time.min, CST))
    else:
        tx.unschedule(LAPSE, community)
    found = domain.assess_situation(cases, today, pack)
    row = tx.session.get(CommunitySituation, community)
    previous: Situation = row.situation if row else "no_cases"
    if found.situation == previous:
        return []
    line = pack.line(found.key)
    if row is None:
        row = CommunitySituation(area=community)
        tx.session.add(row)
    row.situation, row.since, row.policy = found.situation, tx.now, line
    because = causes(line) if causes else _by_time(tx, cases, line)
    return [
        SituationChanged(
            area=community,
            occurred_at=tx.now,
            because=because,
            previous=previous,
            situation=found.situation,
            evidence=found.evidence,
            policy=line,
        )
    ]


def lapsed(tx: Tx, due: Due) -> Iterable[Event]:
    """A case of the community is no longer recent."""
    return reassess_situation(tx, due.key)


def _by_time(tx: Tx, cases: list[Case], line: str) -> tuple[Cause, ...]:
    last = domain.last_of(cases, tx.pack, domain.counts_for_situation)
    return causes_of(tx.session, last, line) if last else ()
