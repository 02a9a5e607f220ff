"""An area as residents see it, put together from the projection, the pack and the tree. D10."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from services.rollup.public import domain
from services.rollup.public.domain import Elsewhere, Measure, Own, Rule
from services.rollup.public.tables import PublicChange, PublicMeasure, PublicState
from services.rollup.public.wording import both, rule_text
from shared.areas.tree import Level, ancestors, parent_of
from shared.database.sql import area_range
from shared.http.reads import Read


def public_area(read: Read, code: str) -> dict[str, Any]:
    """Level, situation, rules, duty roster, hotline and notices of an area; nobody's data."""
    areas = read.site.areas
    levels = _states(read, "level", code)
    level, decided = domain.level_in_force(code, levels)
    situation, situation_since = domain.situation_in_force(code, _states(read, "situation", code))
    measures = _measures(read, code)
    above = parent_of(code)
    return {
        "area": code,
        "name": areas.name(code),
        "full_name": areas.full_name(code),
        "drill": read.site.drill,
        "level": level,
        "level_text": both("level", level),
        "level_since": decided and decided.since,
        "level_area": decided and decided.area,
        "order": decided and decided.order,
        "situation": situation,
        "situation_text": both("situation", situation),
        "situation_since": situation_since,
        "rules": [_rule(rule) for rule in domain.rules(measures, _elsewhere(read, code))],
        # Nobody is named until there are published rosters.
        "duty_roster": [],
        "hotline": read.site.pack().hotline,
        "notices": [_notice(notice) for notice in domain.notices(measures, level)],
        "above": _link(read, above, levels) if above and areas.exists(above) else None,
        "below": [_link(read, area.code, levels) for area in areas.children(code)],
        "updated_at": _changed_at(read, code) or read.now,
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "kind": rule.kind,
        "zh": rule_text(rule.kind, rule.details, "zh"),
        "en": rule_text(rule.kind, rule.details, "en"),
        "since": rule.since,
        "communities": rule.communities,
    }


def _notice(notice: Measure) -> dict[str, Any]:
    return {**notice.details, "area": notice.area, "since": notice.since}


def _link(read: Read, code: str, levels: Sequence[Own]) -> dict[str, Any]:
    level, _ = domain.level_in_force(code, levels)
    return {
        "area": code,
        "name": read.site.areas.name(code),
        "level": level,
        "level_text": both("level", level),
        "url": f"/public/areas/{code}",
    }


Column = InstrumentedAttribute[str]


def _near(column: Column, code: str) -> ColumnElement[bool]:
    return or_(column.in_(ancestors(code)), area_range(column, code))


def _states(read: Read, what: str, code: str) -> list[Own]:
    query = select(PublicState).where(PublicState.what == what, _near(PublicState.area, code))
    return [Own(row.area, row.value, row.since, row.order) for row in read.session.scalars(query)]


def _measures(read: Read, code: str) -> list[Measure]:
    """The measures of the area and those above it; for a community or grid, below it as well."""
    narrow = len(code) >= Level.COMMUNITY.digits
    here = _near(PublicMeasure.area, code) if narrow else PublicMeasure.area.in_(ancestors(code))
    rows = read.session.scalars(select(PublicMeasure).where(here).order_by(PublicMeasure.id))
    return [
        Measure(row.kind, row.area, row.since, row.details, bound=row.measure_id is not None)
        for row in rows
    ]


def _elsewhere(read: Read, code: str) -> list[Elsewhere]:
    """For an area wider than a community: what is in force in how many of its communities."""
    digits = Level.COMMUNITY.digits
    if len(code) >= digits:
        return []
    community = func.substr(PublicMeasure.area, 1, digits)
    query = (
        select(
            PublicMeasure.kind,
            func.count(community.distinct()).label("communities"),
            func.min(PublicMeasure.since).label("since"),
        )
        .where(area_range(PublicMeasure.area, code), func.length(PublicMeasure.area) >= digits)
        .group_by(PublicMeasure.kind)
    )
    return [Elsewhere(row.kind, row.communities, row.since) for row in read.session.execute(query)]


def _changed_at(read: Read, code: str) -> datetime | None:
    query = select(func.max(PublicChange.at)).where(_near(PublicChange.area, code))
    return read.session.scalar(query)
