"""The measures of a policy pack (防控措施), by level, situation and area trait."""

from shared.events.vocabulary import Level, Situation
from shared.policy.activities import ActivityStop, MeetingPostponement
from shared.policy.checkpoints import Checkpoint, DutyDayAndNight, Sealing
from shared.policy.elections import ElectionPause
from shared.policy.measure import Trait
from shared.policy.notices import Notice
from shared.policy.sanitation import Sanitation
from shared.policy.sections import Section
from shared.policy.service_plans import ServicePlanChange
from shared.policy.venues import VenueClosure, VenueLimit


class MeasurePlan(Section):
    """The measures of one level, situation or trait, each a table; an absent one is not taken."""

    checkpoint: Checkpoint | None = None
    sealing: Sealing | None = None
    election_pause: ElectionPause | None = None
    venue_closure: VenueClosure | None = None
    venue_limit: VenueLimit | None = None
    activity_stop: ActivityStop | None = None
    meeting_postponement: MeetingPostponement | None = None
    service_plan: ServicePlanChange | None = None
    sanitation: Sanitation | None = None
    notice: Notice | None = None
    duty_day_and_night: DutyDayAndNight | None = None


class Measures(Section):
    """The plans by level [PREC21], by situation [RC20, MCA9] and by area trait [PREC21]. D2, A5."""

    low: MeasurePlan
    medium: MeasurePlan
    high: MeasurePlan
    no_cases: MeasurePlan
    cases_or_outbreak: MeasurePlan
    spread: MeasurePlan
    border_village: MeasurePlan
    airport_vicinity: MeasurePlan
    urban_rural_fringe: MeasurePlan
    many_migrant_workers: MeasurePlan

    def of(self, source: Level | Situation | Trait) -> MeasurePlan:
        """The plan of a level, a situation or a trait."""
        plan: MeasurePlan = getattr(self, source)
        return plan
