"""Notices to residents (告居民书): issued with a level or situation. D10."""

from services.alerts.notices.effects import EFFECTS
from shared.events.alerts.notices import NoticeIssued
from shared.runtime.feature import Feature

__all__ = ["EFFECTS", "FEATURE"]

FEATURE = Feature(
    package=__name__,
    emits=(NoticeIssued,),
)
