"""What is seen: the events of intake (登记). No field holds a resident's data, only a random id."""

import datetime as dt
from typing import ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.events.base import AreaCode, Event, Id
from shared.events.values import (
    CaseOrigin,
    CaseSetting,
    CaseStatus,
    Category,
    Channel,
    CheckOutcome,
    Count,
    DeclarationKind,
    DeclarationReason,
    Direction,
    HealthCode,
    Need,
    ObservationOutcome,
    ObservationReason,
    PlaceId,
    PlaceKind,
    Quantity,
    Ring,
    SampleResult,
    ShortText,
    Symptom,
    Temperature,
    TraceOutcome,
)


class IntakeEvent(Event):
    """What every event of intake shares."""

    service = "intake"


class PersonEvent(IntakeEvent):
    """A person in the register of residents and key people (重点人员). I4."""

    key: ClassVar[tuple[str, ...]] = ("person_id",)
    about: ClassVar[tuple[str, ...]] = ("person_id",)
    person_id: Id


class PersonRegistered(PersonEvent):
    """A person was entered into the register (登记), with the categories that need care. I4."""

    categories: tuple[Category, ...] = ()
    needs: tuple[Need, ...] = ()


class PersonUpdated(PersonEvent):
    """A person's categories, needs or area are now these (变更). I4."""

    categories: tuple[Category, ...] = ()
    needs: tuple[Need, ...] = ()


class PersonErased(PersonEvent):
    """A person's key was destroyed at the end of the retention period (注销). I4."""


class HouseholdChecked(IntakeEvent):
    """A household was called on (入户排查); the counts are what was found there. I2."""

    key = ("household_id",)
    about = ("household_id",)
    household_id: Id
    outcome: CheckOutcome
    residents: Count | None = None
    key_people: Count | None = None


class OrganisationChecked(IntakeEvent):
    """An organisation on the ground was called on (驻区单位排查). I2."""

    key = ("organisation_id",)
    about = ("organisation_id",)
    organisation_id: Id
    outcome: CheckOutcome
    residents: Count | None = None
    key_people: Count | None = None


class ScreeningEvent(IntakeEvent):
    """A screening at a checkpoint, a venue or a door (体温筛查). Temperature in °C. I1."""

    key: ClassVar[tuple[str, ...]] = ("screening_id",)
    about: ClassVar[tuple[str, ...]] = ("screening_id",)
    screening_id: Id
    place_kind: PlaceKind
    temperature_c: Temperature | None = None
    unmeasured_reason: ShortText | None = None
    symptoms: tuple[Symptom, ...] = ()
    health_code: HealthCode | None = None
    person_id: Id | None = None
    place_id: PlaceId | None = None
    direction: Direction | None = None
    channel: Channel | None = None


class ScreeningRecorded(ScreeningEvent):
    """A screening was recorded (体温检测登记): a temperature, or why there is none. I1, I7."""


class ScreeningVoided(ScreeningEvent):
    """A mistaken screening was taken back, never deleted (作废).

    The fields are those of the screening, `screened_at` its time, so that readers can take it
    out of the day it was counted in. I1.
    """

    screened_at: AwareDatetime
    reason: ShortText | None = None


class ObservationEvent(IntakeEvent):
    """A person under home medical observation (居家医学观察). I3."""

    key: ClassVar[tuple[str, ...]] = ("observation_id",)
    about: ClassVar[tuple[str, ...]] = ("observation_id",)
    observation_id: Id
    person_id: Id


class ObservationOpened(ObservationEvent):
    """Home observation began (居家观察开始), until and including `until_on`. I3."""

    reason: ObservationReason
    until_on: dt.date | None = None


class ObservationCheckedIn(ObservationEvent):
    """A check-in under observation (观察打卡): a temperature in °C, or why there is none. I3."""

    temperature_c: Temperature | None = None
    unmeasured_reason: ShortText | None = None
    symptoms: tuple[Symptom, ...] = ()
    channel: Channel | None = None


class CheckInMissed(ObservationEvent):
    """A check-in did not come by its time (漏报体温). I3."""

    key = ("observation_id", "due_at")
    due_at: AwareDatetime


class ObservationClosed(ObservationEvent):
    """Home observation ended (解除观察). I3."""

    outcome: ObservationOutcome = "completed"


class FollowUpDue(ObservationEvent):
    """A visit after release is due (回访到期). I3."""

    key = ("observation_id", "due_at")
    due_at: AwareDatetime


class FollowUpDone(ObservationEvent):
    """The visit after release was made (已回访). I3."""

    outcome: CheckOutcome
    due_at: AwareDatetime | None = None


class CaseReported(IntakeEvent):
    """The health side reported a person's case status (病例报告), the first or a new one. I9.

    `linked_to` are the cases it hangs together with, `setting` the small place of infection: one
    of the known settings, or a word of the health side's own.
    """

    key = ("case_id", "status")
    about = ("case_id",)
    case_id: Id
    status: CaseStatus
    person_id: Id | None = None
    confirmed_on: dt.date | None = None
    onset_on: dt.date | None = None
    origin: CaseOrigin = "unknown"
    setting: CaseSetting | ShortText | None = None
    linked_to: tuple[Id, ...] = ()


class ContactEvent(IntakeEvent):
    """A contact of a case, first or second ring (密切接触者, 次密切接触者). I5."""

    key: ClassVar[tuple[str, ...]] = ("case_id", "person_id")
    about: ClassVar[tuple[str, ...]] = ("case_id",)
    case_id: Id
    person_id: Id
    ring: Ring
    last_exposure_on: dt.date | None = None


class ContactNamed(ContactEvent):
    """A contact was named by the health side, to be traced by `check_by` (密接判定). I5."""

    check_by: AwareDatetime


class ContactTraced(ContactEvent):
    """A contact was traced (密接追踪到人). I5."""

    outcome: TraceOutcome


class TraceListReceived(IntakeEvent):
    """A list of people to trace came from above (协查名单). I5."""

    key = ("list_id",)
    about = ("list_id",)
    list_id: Id
    people: Count
    check_by: AwareDatetime


class TraceReturned(IntakeEvent):
    """The result for one person of a trace list went back (协查反馈). I5."""

    key = ("list_id", "person_id")
    about = ("list_id",)
    list_id: Id
    person_id: Id
    outcome: TraceOutcome


class SiteEvent(IntakeEvent):
    """A stay at an isolation site (集中隔离场所). I11."""

    key: ClassVar[tuple[str, ...]] = ("stay_id",)
    about: ClassVar[tuple[str, ...]] = ("stay_id",)
    site_id: Id
    stay_id: Id
    person_id: Id


class SiteAdmitted(SiteEvent):
    """A person was admitted to an isolation site (入住). I11."""


class SiteReleased(SiteEvent):
    """A person left an isolation site and was handed back (解除隔离). I11."""


class SampleEvent(IntakeEvent):
    """A sample for a nucleic-acid test (核酸检测样本). I12."""

    key: ClassVar[tuple[str, ...]] = ("sample_id",)
    about: ClassVar[tuple[str, ...]] = ("sample_id",)
    sample_id: Id
    person_id: Id


class SampleTaken(SampleEvent):
    """A sample was taken (采样). I12."""


class ResultReturned(SampleEvent):
    """The result of a sample came back (检测结果). I12."""

    result: SampleResult


class MovementEvent(IntakeEvent):
    """A person on the way from one community to another (社区间人口流动). I6."""

    key: ClassVar[tuple[str, ...]] = ("movement_id",)
    about: ClassVar[tuple[str, ...]] = ("movement_id",)
    movement_id: Id
    person_id: Id
    from_area: AreaCode
    to_area: AreaCode
    expected_on: dt.date


class DepartureRecorded(MovementEvent):
    """A person left for another community (离开登记). I6."""


class ArrivalConfirmed(MovementEvent):
    """The person expected has arrived (到达确认). I6."""


class ArrivalOverdue(MovementEvent):
    """The person expected has not arrived in time (逾期未到). I6."""


class DeclarationSubmitted(IntakeEvent):
    """A health declaration before an election or an activity (健康申报). I8."""

    key = ("declaration_id",)
    about = ("declaration_id",)
    declaration_id: Id
    person_id: Id
    for_kind: DeclarationKind
    for_id: Id
    abnormal: bool
    reasons: tuple[DeclarationReason, ...] = ()


class SupplyCount(BaseModel):
    """How much of a supply there is, and how much a day uses."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    count: Count
    used_per_day: Quantity | None = None


class SuppliesCounted(IntakeEvent):
    """The stock of supplies was counted (物资盘点), by name of the item. I10."""

    items: dict[str, SupplyCount]
