"""A measure (防控措施) and a response as values, and which response decides where. D2."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.areas.tree import ancestors
from shared.events.alerts.checkpoints import CheckpointCheck
from shared.events.alerts.measures import MeasureEnded, MeasureKind, MeasureStarted
from shared.events.alerts.risk import RiskLevelChanged, SituationChanged
from shared.events.base import Cause
from shared.events.envelope import Recorded
from shared.events.vocabulary import LEVELS, Level
from shared.policy.activities import ActivityStop, MeetingPostponement
from shared.policy.checkpoints import Checkpoint, DutyDayAndNight, Sealing
from shared.policy.elections import ElectionPause
from shared.policy.measure import Measure
from shared.policy.notices import Notice
from shared.policy.sanitation import Sanitation
from shared.policy.service_plans import ServicePlanChange
from shared.policy.venues import VenueClosure, VenueLimit

# Whatever is closed, emergency vehicles pass: 应急车辆按需进出 [FEB16].
ALWAYS_PASS = ("ambulance", "fire_engine", "rescue")
PARAMETERS: dict[MeasureKind, type[Measure]] = {
    "checkpoint": Checkpoint,
    "sealing": Sealing,
    "election_pause": ElectionPause,
    "venue_closure": VenueClosure,
    "venue_limit": VenueLimit,
    "activity_stop": ActivityStop,
    "meeting_postponement": MeetingPostponement,
    "service_plan": ServicePlanChange,
    "sanitation": Sanitation,
    "notice": Notice,
    "duty_day_and_night": DutyDayAndNight,
}


class ImposedSealing(Measure):
    """封闭管理 as it was ordered, with what is checked at the gate [FEB16, PREC21]."""

    checks: tuple[CheckpointCheck, ...]


@dataclass(frozen=True, slots=True)
class Ground:
    """Why measures of one kind stand, and with which parameters: what an order's measures share.

    `manual` marks what was ordered by hand; it has no policy line.
    """

    id: str
    kind: MeasureKind
    parameters: Measure
    line: str | None
    because: tuple[Cause, ...]
    response_id: str | None
    since: datetime
    manual: bool = False


@dataclass(frozen=True, slots=True)
class MeasureFacts:
    """A measure in one area: its parameters, its policy line and its line of causes.

    It is in force unless `ended_at` says since when it is not.
    """

    id: str
    area: str
    kind: MeasureKind
    parameters: Measure
    line: str | None
    because: tuple[Cause, ...]
    response_id: str | None = None
    since: datetime | None = None
    manual: bool = False
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """The response of one ordered area: its level, and the event that made it."""

    id: str
    area: str
    level: Level
    event_id: str
    because: tuple[Cause, ...]
    since: datetime


def governing(responses: Mapping[str, Response], area: str) -> Response | None:
    """The response that decides in an area: the strongest of its own and those above it.

    Of several of one level the first to have it decides.
    """
    above = [responses[code] for code in ancestors(area) if code in responses]
    return min(above, key=_standing, default=None)


def _standing(response: Response) -> tuple[int, datetime, str]:
    return -LEVELS.index(response.level), response.since, response.area


Changed = Recorded[RiskLevelChanged] | Recorded[SituationChanged]


def leaves_all(changed: Changed) -> bool:
    """Whether it leaves all measures as they are: an order for the level that the area had."""
    event = changed.data
    return isinstance(event, RiskLevelChanged) and event.level == event.previous


def started(area: str, measure_id: str, ground: Ground, now: datetime) -> MeasureStarted:
    """A measure that has no event of its own began; an activity stop tells its limit of people."""
    stop = ground.parameters
    return MeasureStarted(
        area=area,
        occurred_at=now,
        because=ground.because,
        measure_id=measure_id,
        response_id=ground.response_id,
        kind=ground.kind,
        limit=stop.above_people if isinstance(stop, ActivityStop) else None,
    )


def ended(facts: MeasureFacts, because: tuple[Cause, ...], now: datetime) -> MeasureEnded:
    """A measure that has no event for its end was ended."""
    return MeasureEnded(
        area=facts.area,
        occurred_at=now,
        because=because,
        measure_id=facts.id,
        response_id=facts.response_id,
        kind=facts.kind,
    )
