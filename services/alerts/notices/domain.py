"""Notices to residents (告居民书): what a level or situation has them told, and where. D10."""

from datetime import datetime

from shared.events.alerts.notices import NoticeIssued
from shared.events.base import Cause
from shared.events.vocabulary import Level
from shared.policy.notices import Notice


def issued(
    area: str,
    measure_id: str,
    level: Level,
    notice: Notice,
    because: tuple[Cause, ...],
    now: datetime,
) -> NoticeIssued:
    """A notice is issued; it bears the measure's id."""
    return NoticeIssued(
        area=area,
        occurred_at=now,
        because=because,
        notice_id=measure_id,
        measure_id=measure_id,
        level=level,
        channels=notice.channels,
        text=notice.text_zh,
        text_en=notice.text_en,
    )
