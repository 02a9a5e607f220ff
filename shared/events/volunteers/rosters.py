"""The duty roster and its shifts (值班). V5, V6."""

from typing import ClassVar

from pydantic import AwareDatetime

from shared.events.base import Example, Id
from shared.events.examples import EVENING, MORNING, example_id
from shared.events.volunteers.base import VolunteersEvent


class ShiftEvent(VolunteersEvent):
    """A shift of the duty roster (值班). V5."""

    published = False
    key: ClassVar[tuple[str, ...]] = ("shift_id",)
    about: ClassVar[tuple[str, ...]] = ("shift_id",)
    example: ClassVar[Example] = {"starts_at": MORNING, "ends_at": EVENING}
    shift_id: Id
    starts_at: AwareDatetime
    ends_at: AwareDatetime


class ShiftAssigned(ShiftEvent):
    """A shift was given to someone (排班). V5, V6."""

    key = ("shift_id", "helper_id")
    helper_id: Id
    team_id: Id | None = None


class RosterPublished(VolunteersEvent):
    """The duty roster of a period was published to residents (值班公示). V5."""

    published = False
    key = ("area", "starts_at")
    example: ClassVar[Example] = {
        "starts_at": MORNING,
        "ends_at": EVENING,
        "shifts": [example_id("shift")],
    }
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    shifts: tuple[Id, ...] = ()
    team_id: Id | None = None


class RosterGapFound(VolunteersEvent):
    """A time of the roster has nobody (值班空缺). V5."""

    published = False
    key = ("area", "starts_at")
    example: ClassVar[Example] = {"starts_at": MORNING, "ends_at": EVENING}
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    shift_id: Id | None = None
