"""Situations and risk levels of areas (疫情情形, 风险等级). A3, A4."""

from typing import Literal

from shared.events.alerts.base import AlertsEvent
from shared.events.alerts.orders import Order
from shared.events.base import Id
from shared.events.vocabulary import Level, Situation, name_vocabularies

LevelReason = Literal["cases", "order", "window_elapsed"]

name_vocabularies(level_reason=LevelReason)


class SituationChanged(AlertsEvent):
    """The area is in another of the three situations (疫情情形变化). A3 [RC20, MCA9].

    `evidence` is the ids of the cases that make it so.
    """

    # The lapse of time takes the last case as its cause, which may have made this situation before.
    key = ("area", "situation", "occurred_at")
    previous: Situation
    situation: Situation
    evidence: tuple[Id, ...] = ()
    policy: str | None = None


class RiskLevelProposed(AlertsEvent):
    """The cases make another risk level (风险等级建议); `evidence` is their ids. A4 [PREC21]."""

    key = ("proposal_id",)
    about = ("proposal_id",)
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
    previous: Level
    level: Level
    previous_in_force: Level | None = None
    level_in_force: Level | None = None
    reason: LevelReason
    evidence: tuple[Id, ...] = ()
    policy: str | None = None
    order: Order | None = None
    proposal_id: Id | None = None
