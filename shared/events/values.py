"""The values that events and requests may carry: the contract's vocabularies, and bounded kinds.

A vocabulary is a `Literal` alias with a tuple of its values beside it; `VOCABULARIES` names each,
and `locale/` holds a label for every value as `<vocabulary>.<value>`.
"""

from typing import Annotated, Literal, get_args

from pydantic import Field, StringConstraints

# Bounded kinds of value. No text of an event may name a resident.
Temperature = Annotated[float, Field(ge=30, le=45)]
Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
Quantity = Annotated[float, Field(gt=0, le=1e12)]
Hours = Annotated[float, Field(gt=0, le=8760)]
Days = Annotated[float, Field(ge=0, le=10_000)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Actor = Annotated[str, StringConstraints(min_length=1, max_length=120)]
PlaceId = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z._:-]{0,63}$")]

# People and what they need
Category = Literal[
    "living_alone_elderly",
    "scattered_orphan",
    "unattended_child",
    "left_behind_child",
    "child_in_difficulty",
    "disabled",
    "pregnant",
    "special_hardship",
    "low_income",
    "tenant",
    "dormitory",
    "chronic_illness",
    "medical_family",
    "migrant_staying",
    "homeless",
    "cold_chain_worker",
    "returnee",
    "from_risk_area",
    "inbound_traveller",
    "recovered",
]
Need = Literal["medicine", "food", "care", "transport", "language", "company"]
Symptom = Literal[
    "fever", "cough", "fatigue", "sore_throat", "diarrhoea", "loss_of_smell", "breathless"
]

# What intake records
HealthCode = Literal["green", "yellow", "red", "none"]
PlaceKind = Literal["checkpoint", "venue", "home", "station", "workplace", "school", "clinic"]
Direction = Literal["entry", "exit"]
Channel = Literal["app", "web", "api", "self", "paper", "telephone", "device", "import"]
CheckOutcome = Literal["reached", "absent", "refused"]
ObservationReason = Literal[
    "close_contact",
    "second_contact",
    "returnee",
    "from_risk_area",
    "inbound_traveller",
    "household_isolated",
    "recovered",
    "symptoms",
    "other",
]
ObservationOutcome = Literal["completed", "hospitalised", "isolated", "moved", "cancelled"]
CaseStatus = Literal["suspected", "confirmed", "asymptomatic", "cleared", "recovered", "died"]
CaseOrigin = Literal["local", "imported", "unknown"]
CaseSetting = Literal[
    "household",
    "building",
    "workplace",
    "school",
    "market",
    "venue",
    "transport",
    "clinic",
    "isolation_site",
    "community",
]
Ring = Literal[1, 2]
TraceOutcome = Literal["observed", "isolated", "elsewhere", "not_found"]
SampleResult = Literal["negative", "positive", "inconclusive"]
DeclarationKind = Literal["election", "activity"]
DeclarationReason = Literal[
    "temperature", "symptoms", "health_code", "case", "close_contact", "from_risk_area"
]

# What alerts decides
AlertKind = Literal["fever", "symptoms", "health_code", "missed_check_in", "exposure"]
AlertReason = Literal[
    "temperature",
    Symptom,
    "health_code_yellow",
    "health_code_red",
    "missed_check_in",
    "close_contact",
    "second_contact",
]
AlertStatus = Literal["open", "acknowledged", "resolved"]
AlertOutcome = Literal["false_alarm", "observed", "referred", "isolated", "confirmed"]
AreaLevel = Literal["province", "city", "county", "township", "community", "grid"]
Situation = Literal["no_cases", "cases_or_outbreak", "spread"]
Level = Literal["low", "medium", "high"]
LevelReason = Literal["cases", "order", "window_elapsed"]
MeasureKind = Literal[
    "checkpoint",
    "sealing",
    "election_pause",
    "venue_closure",
    "venue_limit",
    "activity_stop",
    "meeting_postponement",
    "service_plan",
    "sanitation",
    "notice",
    "duty_day_and_night",
]
CheckpointCheck = Literal["temperature", "health_code", "registration", "travel_history"]
ElectionStatus = Literal["scheduled", "paused", "awaiting_date", "held"]
VenueKind = Literal[
    "library",
    "activity_room",
    "mahjong_room",
    "day_care",
    "meeting_room",
    "market",
    "business",
    "other",
]
VenueStatus = Literal["open", "limited", "closed"]
BusinessAnswer = Literal["suspended", "agreed", "refused", "absent"]
ActivityKind = Literal[
    "wedding", "funeral", "banquet", "meeting", "market_day", "culture", "training", "other"
]
ActivityStatus = Literal["applied", "approved", "refused", "called_off", "reported"]
ServicePlan = Literal["everyday", "strengthened", "emergency"]
SanitationKind = Literal[
    "disinfection", "cleaning", "ventilation", "market_inspection", "waste", "medical_waste"
]
NoticeChannel = Literal["wechat", "board", "led", "loudspeaker"]

# How volunteers help
RequestKind = Literal[
    "goods",
    "medicine",
    "elder_care",
    "child_care",
    "visit",
    "errand",
    "farm_work",
    "psychological",
    "relief",
    "other",
]
RequestStatus = Literal["open", "matched", "started", "completed", "cancelled"]
Skill = Literal[RequestKind, "driving", "first_aid", "nursing", "counselling"]
StandDownReason = Literal["fever", "observation", "rest", "leave", "other"]
ReliefKind = Literal["money", "food", "medicine", "protective_goods", "daily_goods", "other"]
MediationOutcome = Literal["agreed", "not_agreed", "withdrawn"]

# What rollup reports
ReportStatus = Literal["open", "submitted", "missing", "excused"]
UrgentKind = Literal["case", "fever", "cluster", "worker_harmed", "other"]

CATEGORIES: tuple[Category, ...] = get_args(Category)
NEEDS: tuple[Need, ...] = get_args(Need)
SYMPTOMS: tuple[Symptom, ...] = get_args(Symptom)
PLACE_KINDS: tuple[PlaceKind, ...] = get_args(PlaceKind)
HEALTH_CODES: tuple[HealthCode, ...] = get_args(HealthCode)
CASE_STATUSES: tuple[CaseStatus, ...] = get_args(CaseStatus)
LEVELS: tuple[Level, ...] = get_args(Level)
SITUATIONS: tuple[Situation, ...] = get_args(Situation)
MEASURE_KINDS: tuple[MeasureKind, ...] = get_args(MeasureKind)
VENUE_KINDS: tuple[VenueKind, ...] = get_args(VenueKind)
ACTIVITY_KINDS: tuple[ActivityKind, ...] = get_args(ActivityKind)
SERVICE_PLANS: tuple[ServicePlan, ...] = get_args(ServicePlan)
REQUEST_KINDS: tuple[RequestKind, ...] = get_args(RequestKind)
SKILLS: tuple[Skill, ...] = get_args(Skill)

VOCABULARIES: dict[str, object] = {
    "category": Category,
    "need": Need,
    "symptom": Symptom,
    "health_code": HealthCode,
    "place_kind": PlaceKind,
    "direction": Direction,
    "channel": Channel,
    "check_outcome": CheckOutcome,
    "observation_reason": ObservationReason,
    "observation_outcome": ObservationOutcome,
    "case_status": CaseStatus,
    "case_origin": CaseOrigin,
    "case_setting": CaseSetting,
    "ring": Ring,
    "trace_outcome": TraceOutcome,
    "sample_result": SampleResult,
    "declaration_kind": DeclarationKind,
    "declaration_reason": DeclarationReason,
    "alert_kind": AlertKind,
    "alert_reason": AlertReason,
    "alert_status": AlertStatus,
    "alert_outcome": AlertOutcome,
    "area_level": AreaLevel,
    "situation": Situation,
    "level": Level,
    "level_reason": LevelReason,
    "measure_kind": MeasureKind,
    "checkpoint_check": CheckpointCheck,
    "election_status": ElectionStatus,
    "venue_kind": VenueKind,
    "venue_status": VenueStatus,
    "business_answer": BusinessAnswer,
    "activity_kind": ActivityKind,
    "activity_status": ActivityStatus,
    "service_plan": ServicePlan,
    "sanitation_kind": SanitationKind,
    "notice_channel": NoticeChannel,
    "request_kind": RequestKind,
    "request_status": RequestStatus,
    "skill": Skill,
    "stand_down_reason": StandDownReason,
    "relief_kind": ReliefKind,
    "mediation_outcome": MediationOutcome,
    "report_status": ReportStatus,
    "urgent_kind": UrgentKind,
}


def values_of(vocabulary: str) -> tuple[str | int, ...]:
    """The values of a vocabulary, in the contract's order; raises KeyError for an unknown name."""
    return get_args(VOCABULARIES[vocabulary])
