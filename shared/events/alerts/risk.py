"""Situations and risk levels of areas (疫情情形, 风险等级). A3, A4."""

from typing import ClassVar, Literal

from shared.events.alerts.base import AlertsEvent
from shared.events.alerts.orders import Order
from shared.events.base import Example, Id
from shared.events.examples import MORNING, example_id
from shared.events.vocabulary import Level, Situation, name_vocabularies

LevelReason = Literal["cases", "order", "window_elapsed"]

name_vocabularies(level_reason=LevelReason)


class SituationChanged(AlertsEvent):
    """The area is in another of the three situations (疫情情形变化). A3 [RC20, MCA9].

    `evidence` is the ids of the cases that make it so.
    """

    # The lapse of time takes the last case as its cause, which may have made this situation before.
    key = ("area", "situation", "occurred_at")
    example: ClassVar[Example] = {
        "previous": "no_cases",
        "situation": "cases_or_outbreak",
        "evidence": [example_id("case")],
        "policy": "2021-01#levels.community.medium",
    }
    previous: Situation
    situation: Situation
    evidence: tuple[Id, ...] = ()
    policy: str | None = None


class RiskLevelProposed(AlertsEvent):
    """The cases make another risk level (风险等级建议); `evidence` is their ids. A4 [PREC21]."""

    key = ("proposal_id",)
    about = ("proposal_id",)
    example: ClassVar[Example] = {
        "previous": "low",
        "level": "medium",
        "reason": "cases",
        "evidence": [example_id("case")],
        "policy": "2021-01#levels.community.medium",
    }
    proposal_id: Id
    previous: Level
    level: Level
    reason: LevelReason
    evidence: tuple[Id, ...] = ()
    policy: str


class RiskLevelDeclined(AlertsEvent):
    """The command declined a proposed level (不采纳风险等级建议), with its reason. A4."""

    key = ("proposal_id",)
    about = ("proposal_id",)
    example: ClassVar[Example] = {
        "previous": "low",
        "level": "medium",
        "order": {"text": "病例已转定点医院, 暂不调整"},
    }
    proposal_id: Id
    previous: Level
    level: Level
    order: Order | None = None


class RiskLevelChanged(AlertsEvent):
    """The area's own risk level is now this one (风险等级调整), by order or by the pack. A4.

    An order for the level that the area has (重申) has `previous` equal to `level`. What was in
    force before and is now, by this level and those of the areas above: `previous_in_force` and
    `level_in_force`.
    """

    # As for situations: one case may lead to the same level in two episodes.
    key = ("area", "level", "occurred_at")
    about = ("proposal_id",)
    example: ClassVar[Example] = {
        "previous": "low",
        "level": "medium",
        "previous_in_force": "low",
        "level_in_force": "medium",
        "reason": "order",
        "evidence": [example_id("case")],
        "policy": "2021-01#levels.community.medium",
        "order": {
            "text": "自1月18日8时起调整为中风险地区",
            "issuer": "市疫情防控指挥部",
            "document": "2021年第3号",
            "effective_at": MORNING,
        },
    }
    previous: Level
    level: Level
    previous_in_force: Level | None = None
    level_in_force: Level | None = None
    reason: LevelReason
    evidence: tuple[Id, ...] = ()
    policy: str | None = None
    order: Order | None = None
    proposal_id: Id | None = None
