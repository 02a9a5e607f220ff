"""What the routes of venues answer. D6."""

from pydantic import AwareDatetime

from shared.events.alerts.venues import VenueKind, VenueStatus
from shared.events.base import AreaCode, Cause, Id
from shared.http.answers import Answered


class Venue(Answered):
    """A venue (公共活动场所); `manual` when it stands as somebody set it by hand."""

    id: Id
    area: AreaCode
    kind: VenueKind
    name: str
    capacity: int | None
    status: VenueStatus
    limit: int | None
    since: AwareDatetime
    because: list[Cause]
    measure_id: Id | None
    manual: bool
    reason: str | None
    by: str | None
