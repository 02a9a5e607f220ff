"""Working an area's level out again: proposing what the cases make, or making it so. A4."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from sqlalchemy import select

from services.alerts.risk import domain
from services.alerts.risk.domain import Assessment, Case
from services.alerts.risk.evidence import (
    causes_of,
    count_cases,
    counted_for_level,
    recent_cases,
)
from services.alerts.risk.levels import level_above, risk_of
from services.alerts.risk.tables import AreaRisk, Proposal
from shared.clock.clock import CST
from shared.events.alerts.orders import Order
from shared.events.alerts.risk import LevelReason, RiskLevelChanged, RiskLevelProposed
from shared.events.base import Cause, Event, id_from
from shared.events.causes import caused_by, dump, load
from shared.events.vocabulary import Level
from shared.writer.handlers import Tx

WINDOW = "risk.window"

Causes = Callable[[str], tuple[Cause, ...]]


def reassess(
    tx: Tx,
    area: str,
    causes: Causes | None = None,
    *,
    reported: bool = False,
    news: bool = False,
) -> list[Event]:
    """What follows from the cases of an area now.

    `causes` gives the line of causes by the policy line; without it the last counted case is the
    cause. `reported`: a report has come, not only time passed; `news`: it is of a new case that
    counts here.
    """
    cases = cases_of(tx, area)
    found = assessed(tx, area, cases)
    _watch_window(tx, area, cases)
    risk = risk_of(tx, area)
    risk.stands = risk.stands and domain.still_stands(risk.level, found.level, news=news)
    proposal = open_proposal(tx, area)
    if risk.stands or found.level == risk.level:
        _close(tx, proposal, "withdrawn")
        return []
    if proposal is not None and proposal.level == found.level and tx.pack.mode == "order":
        proposal.evidence = list(found.evidence)
        return []
    _close(tx, proposal, "superseded")
    line = tx.pack.line(found.key)
    because = causes(line) if causes else _by_time(tx, risk, cases, line)
    reason = "cases" if reported else domain.reason_by_time(risk.level, found.level)
    if tx.pack.mode == "automatic":
        ids = found.evidence
        return [changed(tx, risk, found.level, reason, because=because, policy=line, evidence=ids)]
    return [_proposed(tx, risk, found, reason, because)]


def cases_of(tx: Tx, area: str) -> list[Case]:
    """The cases that the level of an area depends on today: the new ones, else the last."""
    after = _today(tx) - timedelta(days=tx.pack.risk.window_days)
    return recent_cases(tx.session, area, counted_for_level(tx.pack), after)


def assessed(tx: Tx, area: str, cases: list[Case]) -> Assessment:
    """The level that the cases of `cases_of` and the number of all before them make today."""
    unit, pack, total = domain.unit_of(area), tx.pack, None
    if unit is not None:
        enough = pack.risk.units.of(unit).high_above_total + 1
        total = count_cases(tx.session, area, counted_for_level(pack), enough)
    return domain.assess(cases, area, _today(tx), pack, total)


def open_proposal(tx: Tx, area: str) -> Proposal | None:
    """The one proposal of an area that waits for a decision."""
    query = select(Proposal).where(Proposal.area == area, Proposal.status == "open")
    return tx.session.scalars(query).one_or_none()


def changed(
    tx: Tx,
    risk: AreaRisk,
    level: Level,
    reason: LevelReason,
    *,
    because: tuple[Cause, ...],
    policy: str,
    evidence: tuple[str, ...] = (),
    order: Order | None = None,
    proposal_id: str | None = None,
) -> RiskLevelChanged:
    """Make a level an area's own; one that it has already keeps its beginning."""
    above = level_above(tx.session, risk.area)
    previous, risk.level = risk.level, level
    if level != previous or risk.since is None:
        risk.since, risk.policy = tx.now, policy
    return RiskLevelChanged(
        area=risk.area,
        occurred_at=tx.now,
        because=because,
        previous=previous,
        level=level,
        previous_in_force=domain.strongest((above, previous)),
        level_in_force=domain.strongest((above, level)),
        reason=reason,
        evidence=evidence,
        policy=policy,
        order=order,
        proposal_id=proposal_id,
    )


def _proposed(
    tx: Tx, risk: AreaRisk, found: Assessment, reason: LevelReason, because: tuple[Cause, ...]
) -> RiskLevelProposed:
    risk.proposals += 1
    cause = because[-1].id
    event = RiskLevelProposed(
        area=risk.area,
        occurred_at=tx.now,
        because=because,
        # The number tells an episode from the next that the same case may lead to.
        proposal_id=id_from(cause, f"proposal:{risk.area}:{found.level}:{risk.proposals}"),
        previous=risk.level,
        level=found.level,
        reason=reason,
        evidence=found.evidence,
        policy=tx.pack.line(found.key),
    )
    tx.session.add(
        Proposal(
            id=event.proposal_id,
            area=event.area,
            previous=event.previous,
            level=event.level,
            reason=reason,
            evidence=list(event.evidence),
            policy=event.policy,
            status="open",
            proposed_at=tx.now,
            because=dump(caused_by(event, tx.now)),
        )
    )
    return event


def _by_time(tx: Tx, risk: AreaRisk, cases: list[Case], line: str) -> tuple[Cause, ...]:
    last = domain.last_of(cases, tx.pack, domain.counts)
    return causes_of(tx.session, last, line) if last else load(risk.because, line)


def _close(tx: Tx, proposal: Proposal | None, status: str) -> None:
    if proposal is not None:
        proposal.status, proposal.decided_at = status, tx.now


def _watch_window(tx: Tx, area: str, cases: list[Case]) -> None:
    window = tx.pack.risk.window_days
    lapse = domain.next_lapse(cases, _today(tx), tx.pack, domain.counts, window)
    if lapse is not None:
        tx.schedule(WINDOW, area, datetime.combine(lapse, time.min, CST))
    else:
        tx.unschedule(WINDOW, area)


def _today(tx: Tx) -> date:
    return tx.now.astimezone(CST).date()
