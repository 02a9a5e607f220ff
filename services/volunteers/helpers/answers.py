"""What the routes of volunteers answer. V3."""

from pydantic import AwareDatetime

from services.volunteers.helpers.domain import HelperStatus
from shared.events.base import AreaCode, Id
from shared.events.volunteers.helpers import Skill, StandDownReason
from shared.http.answers import Answered


class Helper(Answered):
    """A volunteer (志愿者); name and phone are masked but for those who keep the list."""

    id: Id
    area: AreaCode
    name: str
    phone: str | None
    person_id: Id | None
    skills: list[Skill]
    languages: list[str]
    capacity: int
    status: HelperStatus
    reason: StandDownReason | None
    status_since: AwareDatetime


class ChangedHelper(Answered):
    """A volunteer after a change."""

    id: Id
    status: HelperStatus
    reason: StandDownReason | None
    skills: list[Skill]
    languages: list[str]
    capacity: int
