"""Rounds of disinfection (清洁消毒通风): ordered so many times a day. D9."""

from services.alerts.sanitation.effects import EFFECTS
from shared.events.alerts.sanitation import SanitationOrdered
from shared.runtime.feature import Feature

__all__ = ["EFFECTS", "FEATURE"]

FEATURE = Feature(
    package=__name__,
    emits=(SanitationOrdered,),
)
