"""People on the way between communities (社区间人口流动). I6."""

import datetime as dt
from typing import ClassVar

from shared.events.base import AreaCode, Example, Id
from shared.events.examples import COMMUNITY
from shared.events.intake.base import IntakeEvent


class MovementEvent(IntakeEvent):
    """A person on the way from one community to another (社区间人口流动). I6."""

    published = False
    key: ClassVar[tuple[str, ...]] = ("movement_id",)
    about: ClassVar[tuple[str, ...]] = ("movement_id",)
    example: ClassVar[Example] = {
        "from_area": COMMUNITY,
        "to_area": "220581002001",
        "expected_on": "2021-01-19",
    }
    movement_id: Id
    person_id: Id
    from_area: AreaCode
    to_area: AreaCode
    expected_on: dt.date


class DepartureRecorded(MovementEvent):
    """A person left for another community (离开登记). I6."""


class ArrivalConfirmed(MovementEvent):
    """The person expected has arrived (到达确认). I6."""


class ArrivalOverdue(MovementEvent):
    """The person expected has not arrived in time (逾期未到). I6."""
