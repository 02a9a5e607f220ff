"""A measure, as the routes of features answer it."""

from typing import Any, Literal

from pydantic import AwareDatetime

from shared.events.alerts.measures import MeasureKind
from shared.events.base import AreaCode, Cause, Id
from shared.http.answers import Answered


class Measure(Answered):
    """A measure (防控措施); above the community `communities` says in how many it is in force.

    `always_pass` is there for gates: who passes whatever is ordered.
    """

    id: Id
    kind: MeasureKind
    status: Literal["active", "ended", "proposed"]
    since: AwareDatetime
    ended_at: AwareDatetime | None
    area: AreaCode
    because: list[Cause]
    line: str | None
    source: Literal["plan", "manual"]
    response_id: Id | None
    parameters: dict[str, Any]
    always_pass: tuple[str, ...] = ()
    communities: int | None = None
