"""Who helps: the events of volunteers (志愿服务). No field holds a person's data, only ids."""

from typing import ClassVar

from pydantic import AwareDatetime

from shared.events.base import Event, Id
from shared.events.values import (
    AreaLevel,
    CheckOutcome,
    Count,
    MediationOutcome,
    Quantity,
    ReliefKind,
    RequestKind,
    ShortText,
    Skill,
    StandDownReason,
)


class VolunteersEvent(Event):
    """What every event of volunteers shares."""

    service = "volunteers"


class AssistanceEvent(VolunteersEvent):
    """A request for help (求助) and what becomes of it. V1, V2.

    A reader finds the kind in every step, so that it need not remember the request.
    """

    key: ClassVar[tuple[str, ...]] = ("request_id",)
    about: ClassVar[tuple[str, ...]] = ("request_id",)
    request_id: Id
    kind: RequestKind
    person_id: Id | None = None
    due_at: AwareDatetime | None = None


class AssistanceRequested(AssistanceEvent):
    """Help was asked for by a resident, on behalf, or by a service plan (求助登记). V1, D8."""

    on_behalf: bool = False


class AssistanceMatched(AssistanceEvent):
    """A helper was found for a request (供需对接). V2."""

    key = ("request_id", "helper_id")
    helper_id: Id


class AssistanceStarted(AssistanceEvent):
    """The helper set out (开始服务). V2."""

    helper_id: Id


class AssistanceCompleted(AssistanceEvent):
    """The help was given (服务完成). V2."""

    helper_id: Id | None = None


class AssistanceCancelled(AssistanceEvent):
    """The request is no longer wanted (求助取消). V1."""

    helper_id: Id | None = None
    reason: ShortText | None = None


class AssistanceEscalated(AssistanceEvent):
    """A request past its time climbed to the level above (逾期上报). V2."""

    key = ("request_id", "level")
    level: AreaLevel


class HelperEvent(VolunteersEvent):
    """A volunteer (志愿者). V3."""

    key: ClassVar[tuple[str, ...]] = ("helper_id",)
    about: ClassVar[tuple[str, ...]] = ("helper_id",)
    helper_id: Id
    person_id: Id | None = None


class HelperRegistered(HelperEvent):
    """A volunteer was registered, or their skills are now these (志愿者登记). V3."""

    skills: tuple[Skill, ...] = ()


class HelperStoodDown(HelperEvent):
    """A volunteer may not serve for now (暂停服务). V3."""

    reason: StandDownReason


class HelperReturned(HelperEvent):
    """A volunteer may serve again (恢复服务). V3."""

    reason: StandDownReason | None = None


class TrainingCompleted(HelperEvent):
    """A volunteer completed a training (完成培训). V3, V9."""

    key = ("helper_id", "course")
    course: ShortText


class TeamFormed(VolunteersEvent):
    """A Red Cross volunteer team was formed (红十字志愿服务队). V4."""

    key = ("team_id",)
    about = ("team_id",)
    team_id: Id
    helpers: tuple[Id, ...] = ()


class ShiftEvent(VolunteersEvent):
    """A shift of the duty roster (值班). V5."""

    key: ClassVar[tuple[str, ...]] = ("shift_id",)
    about: ClassVar[tuple[str, ...]] = ("shift_id",)
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

    key = ("area", "starts_at")
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    shifts: tuple[Id, ...] = ()
    team_id: Id | None = None


class RosterGapFound(VolunteersEvent):
    """A time of the roster has nobody (值班空缺). V5."""

    key = ("area", "starts_at")
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    shift_id: Id | None = None


class HoursLogged(VolunteersEvent):
    """Hours of service were logged (服务时长). V3, V6."""

    key = ("helper_id", "starts_at")
    about = ("helper_id",)
    helper_id: Id
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    shift_id: Id | None = None
    request_id: Id | None = None


class ReferralEvent(VolunteersEvent):
    """Someone referred to an institution (转介). V11."""

    key: ClassVar[tuple[str, ...]] = ("referral_id",)
    about: ClassVar[tuple[str, ...]] = ("referral_id",)
    referral_id: Id
    institution: ShortText
    person_id: Id | None = None


class ReferralSent(ReferralEvent):
    """A referral went to an institution, to be acknowledged by `due_at` (转介发出). V11."""

    due_at: AwareDatetime | None = None


class ReferralReceived(ReferralEvent):
    """The institution acknowledged the referral (转介接收). V11."""


class VisitEvent(VolunteersEvent):
    """A visit of care (走访慰问). V12."""

    key: ClassVar[tuple[str, ...]] = ("visit_id",)
    about: ClassVar[tuple[str, ...]] = ("visit_id",)
    visit_id: Id
    person_id: Id | None = None


class VisitDue(VisitEvent):
    """A visit is due (走访到期). V12."""

    due_at: AwareDatetime


class VisitMade(VisitEvent):
    """A visit was made (已走访); the next one is due at `next_due_at`. V12."""

    outcome: CheckOutcome = "reached"
    next_due_at: AwareDatetime | None = None


class MediationEvent(VolunteersEvent):
    """A mediation between residents (人民调解); `case_id` is the mediation's. V13."""

    key: ClassVar[tuple[str, ...]] = ("case_id",)
    about: ClassVar[tuple[str, ...]] = ("case_id",)
    case_id: Id


class MediationOpened(MediationEvent):
    """A mediation was opened (调解受理). V13."""


class MediationClosed(MediationEvent):
    """A mediation was closed (调解结案). V13."""

    outcome: MediationOutcome


class LedgerEvent(VolunteersEvent):
    """A line of the public ledger (公示台账); quantity in `unit`, money in `元`. V8."""

    key: ClassVar[tuple[str, ...]] = ("entry_id",)
    about: ClassVar[tuple[str, ...]] = ("entry_id",)
    entry_id: Id
    kind: ReliefKind
    quantity: Quantity
    unit: ShortText


class ReliefGiven(LedgerEvent):
    """Relief was given (人道救助). V8."""

    households: Count | None = None


class DonationReceived(LedgerEvent):
    """A donation was received (社会捐赠); the giver is not named. V8."""
