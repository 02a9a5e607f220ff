"""Rounds of disinfection (清洁消毒通风): ordered so many times a day, the first due when. D9."""

from datetime import datetime, time, timedelta

from shared.events.alerts.sanitation import SanitationOrdered
from shared.events.base import Cause

DAY = timedelta(days=1)
NOTICE_NEEDED = timedelta(hours=1)


def first_due(now: datetime, times_per_day: int) -> datetime:
    """When the first round must be done, where a day has so many of equal length.

    That is the end of the part of the local day in which `now` lies: of one round a day, midnight.
    Within the last hour it is the end of the next part (chosen: nobody could still do it).
    """
    midnight = datetime.combine(now.date(), time.min, now.tzinfo)
    part = DAY / times_per_day
    due = midnight + ((now - midnight) // part + 1) * part
    return due if due - now >= NOTICE_NEEDED else due + part


def ordered(
    area: str,
    measure_id: str,
    times_per_day: int,
    due_at: datetime,
    because: tuple[Cause, ...],
    now: datetime,
) -> SanitationOrdered:
    """Rounds of disinfection are ordered; the order bears the measure's id."""
    return SanitationOrdered(
        area=area,
        occurred_at=now,
        because=because,
        order_id=measure_id,
        measure_id=measure_id,
        kind="disinfection",
        due_at=due_at,
        times_per_day=times_per_day,
    )
