"""The rules of screening (体温筛查): what a record must hold, and what follows from it. I1."""

from datetime import datetime
from typing import Any

from shared.events.intake.screenings import ScreeningRecorded, ScreeningVoided
from shared.policy.fevers import Temperature


def temperature_fault(
    temperature_c: float | None, unmeasured_reason: str | None, limits: Temperature
) -> str | None:
    """Which message refuses a screening; None when it holds a temperature or says why not.

    `limits` is the pack's section `temperature`, in °C.
    """
    if temperature_c is None:
        return None if unmeasured_reason else "temperature_or_reason"
    if unmeasured_reason:
        return "temperature_and_reason"
    inside = limits.min_c <= temperature_c <= limits.max_c
    return None if inside else "temperature_out_of_range"


def recorded(screening_id: str, facts: dict[str, Any], now: datetime) -> ScreeningRecorded:
    """The event of a screening; what has no time of its own happened now."""
    facts = {**facts, "occurred_at": facts.get("occurred_at") or now}
    return ScreeningRecorded(screening_id=screening_id, **facts)


def voided(screening_id: str, facts: dict[str, Any], reason: str, now: datetime) -> ScreeningVoided:
    """The event that takes a screening back; it repeats the facts so that readers can undo them."""
    facts = {**facts, "screened_at": facts["occurred_at"], "occurred_at": now}
    return ScreeningVoided(screening_id=screening_id, reason=reason, **facts)
