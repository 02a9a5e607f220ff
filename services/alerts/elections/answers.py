"""What the routes of elections answer. D4."""

from datetime import date

from pydantic import AwareDatetime

from shared.events.alerts.elections import ElectionStatus
from shared.events.base import AreaCode, Cause, Id
from shared.http.answers import Answered


class Election(Answered):
    """An election (换届选举); `decision_due` when its pause has reached the limit."""

    id: Id
    area: AreaCode
    name: str
    polling_on: date
    status: ElectionStatus
    since: AwareDatetime
    because: list[Cause]
    measure_id: Id | None
    pause_limit_on: date | None
    decision_due: bool
    reason: str | None
