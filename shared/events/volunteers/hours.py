"""Hours of service (服务时长). V3, V6."""

from typing import ClassVar

from pydantic import AwareDatetime

from shared.events.base import Example, Id
from shared.events.examples import EVENING, MORNING
from shared.events.volunteers.base import VolunteersEvent


class HoursLogged(VolunteersEvent):
    """Hours of service were logged (服务时长). V3, V6."""

    key = ("helper_id", "starts_at")
    about = ("helper_id",)
    example: ClassVar[Example] = {"starts_at": MORNING, "ends_at": EVENING}
    helper_id: Id
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    shift_id: Id | None = None
    request_id: Id | None = None
