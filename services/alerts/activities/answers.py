"""What the routes of activities answer. D7."""

from pydantic import AwareDatetime

from shared.events.alerts.activities import ActivityKind, ActivityStatus
from shared.events.base import AreaCode, Cause, Id
from shared.http.answers import Answered


class Activity(Answered):
    """An activity where people gather (聚集性活动); who applied is not shown."""

    id: Id
    area: AreaCode
    kind: ActivityKind
    name: str
    people: int
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    status: ActivityStatus
    since: AwareDatetime
    because: list[Cause]
    measure_id: Id | None
    policy: str | None
    reason: str | None
    by: str | None
    came: int | None
    abnormal: bool | None


class OneActivity(Activity):
    """An activity; `applicant` is there when it was asked for with a reason."""

    applicant: str | None = None
