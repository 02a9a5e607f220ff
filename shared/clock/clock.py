"""The clock port: every `now` of the product comes from here.

`RealClock` is the machine's; `VirtualClock` stands still until it is stepped, for drills and
tests. Times are aware, in China Standard Time (UTC+8, no daylight saving since 1991).
"""

from datetime import datetime, timedelta, timezone
from typing import Protocol

CST = timezone(timedelta(hours=8), "CST")


class Clock(Protocol):
    """A source of the present time."""

    def now(self) -> datetime:
        """The present, aware, in China Standard Time."""
        ...


class RealClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present."""
        return datetime.now(CST)


class VirtualClock:
    """A clock that moves only when it is stepped, and never backwards."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(CST)

    def now(self) -> datetime:
        """The instant it was last stepped to."""
        return self._now

    def step_to(self, instant: datetime) -> None:
        """Move on to an instant; raises ValueError when that is in the clock's past."""
        if instant < self._now:
            raise ValueError(f"the clock stands at {self._now} and cannot go back to {instant}")
        self._now = instant.astimezone(CST)
