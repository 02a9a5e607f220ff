"""One valid example of every event, told as one story, for documents and tests.

Fields of one name have one value throughout, so that the examples refer to each other.
"""

from functools import cache
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from shared.events.base import Event
from shared.events.registry import all_events

COMMUNITY = "220581001003"
MORNING = "2021-01-18T08:00:00+08:00"
EVENING = "2021-01-18T18:00:00+08:00"
POLLING_DAY = "2021-01-24"


def example_id(name: str) -> str:
    """The id that stands for this name in every example."""
    return str(uuid5(NAMESPACE_URL, f"urn:bulwark:example:{name}"))


_FIELDS: dict[str, Any] = {
    "abnormal": True,
    "allowed": False,
    "by": "clinic-01",
    "categories": ["living_alone_elderly", "chronic_illness"],
    "changed": {"fevers": {"before": 2, "after": 3}},
    "channel": "app",
    "channels": ["wechat", "board"],
    "check_by": EVENING,
    "checks": ["temperature", "health_code", "registration"],
    "confirmed_on": "2021-01-17",
    "counting_people": 10,
    "course": "个人防护",
    "date": "2021-01-18",
    "days_of_cover": 2.5,
    "direction": "entry",
    "due_at": EVENING,
    "ends_at": EVENING,
    "evidence": [example_id("case")],
    "expected_on": "2021-01-19",
    "figures": {"screenings": 120, "fevers": 3, "cases": 0, "observations_open": 1},
    "for_id": example_id("election"),
    "for_kind": "election",
    "from_area": COMMUNITY,
    "health_code": "green",
    "helpers": [example_id("helper")],
    "households": 12,
    "institution": "市社会福利院",
    "item": "口罩",
    "items": {"口罩": {"count": 500, "used_per_day": 200}, "体温计": {"count": 8}},
    "key_people": 1,
    "last_exposure_on": "2021-01-16",
    "late": False,
    "level": "medium",
    "limit": 20,
    "limit_on": "2021-04-20",
    "linked_to": [example_id("first case")],
    "measures": ["checkpoint", "election_pause", "service_plan"],
    "needs": ["medicine"],
    "next_due_at": "2021-01-25T18:00:00+08:00",
    "on_behalf": True,
    "onset_on": "2021-01-15",
    "order": {
        "text": "自1月18日8时起调整为中风险地区",
        "issuer": "市疫情防控指挥部",
        "document": "2021年第3号",
        "effective_at": MORNING,
    },
    "origin": "local",
    "outcome": "reached",
    "people": 80,
    "place_id": example_id("venue"),
    "place_kind": "checkpoint",
    "places": 2,
    "plan": "strengthened",
    "policy": "2021-01#levels.community.medium",
    "polling_on": POLLING_DAY,
    "previous": "low",
    "proxies_per_voter": 1,
    "quantity": 30,
    "reason": "cases",
    "reasons": ["temperature"],
    "residents": 3,
    "respond_by": "2021-01-18T09:00:00+08:00",
    "result": "negative",
    "revision": 1,
    "ring": 1,
    "screened_at": MORNING,
    "services": [
        {
            "service": "chronic_medicine",
            "kind": "medicine",
            "categories": ["chronic_illness"],
            "needs": [],
            "due_hours": 24,
            "policy": "2021-01#services.strengthened.chronic_medicine",
        },
        {
            "service": "personal_care",
            "kind": "elder_care",
            "categories": ["living_alone_elderly"],
            "needs": ["care"],
            "due_hours": 12,
            "policy": "2021-01#services.strengthened.personal_care",
        },
    ],
    "setting": "household",
    "shifts": [example_id("shift")],
    "situation": "cases_or_outbreak",
    "skills": ["medicine", "driving"],
    "slots": [{"area": f"{COMMUNITY}001", "starts_at": MORNING, "ends_at": EVENING}],
    "starts_at": MORNING,
    "status": "confirmed",
    "symptoms": [],
    "temperature_c": 36.5,
    "text": "请居民减少外出, 关注权威发布",
    "text_en": "Please stay at home where you can; trust official announcements only.",
    "times_per_day": 1,
    "title": "村民委员会换届选举",
    "to_area": "220581002001",
    "to_areas": [COMMUNITY],
    "unit": "箱",
    "until_on": "2021-02-01",
    "zero": False,
}

# What differs from the common values, by event.
_OWN: dict[str, dict[str, Any]] = {
    "activity_applied": {"kind": "wedding", "reason": None, "by": None},
    "activity_approved": {"kind": "wedding", "reason": "低风险地区, 控制人数", "by": "lead-01"},
    "activity_called_off": {"kind": "wedding", "reason": "调整为中风险地区", "by": None},
    "activity_refused": {"kind": "banquet", "reason": "宴会不办", "by": "lead-01"},
    "activity_reported": {"kind": "funeral", "people": 12, "reason": None, "by": "lead-01"},
    "alert_escalated": {"level": "township"},
    "alert_raised": {
        "kind": "health_code",
        "reasons": ["health_code_red"],
        "case_id": None,
        "observation_id": None,
    },
    "alert_resolved": {"outcome": "referred"},
    "assistance_cancelled": {"reason": "家人已送到"},
    "assistance_escalated": {"level": "township"},
    "business_visited": {
        "kind": "business",
        "outcome": "agreed",
        "measure_id": None,
        "reason": None,
    },
    "donation_received": {"kind": "protective_goods"},
    "election_scheduled": {"reason": None, "by": "election-01"},
    "fever_detected": {
        "kind": "fever",
        "temperature_c": 38.2,
        "case_id": None,
        "observation_id": None,
    },
    "contact_traced": {"outcome": "observed"},
    "follow_up_done": {"outcome": "reached"},
    "helper_returned": {"reason": "fever"},
    "helper_stood_down": {"reason": "fever"},
    "measure_ended": {"kind": "meeting_postponement"},
    "measure_started": {"kind": "activity_stop"},
    "mediation_closed": {"outcome": "agreed"},
    "observation_closed": {"outcome": "completed"},
    "observation_opened": {"reason": "close_contact"},
    "relief_given": {"kind": "food"},
    "instruction_answered": {"text": "已落实"},
    "instruction_sent": {"text": "今日18时前完成返乡人员摸排"},
    "problem_closed": {"text": "已调拨口罩500只"},
    "problem_raised": {"text": "口罩不足三日用量"},
    "report_excused": {"reason": "通信中断"},
    "response_started": {"previous": None},
    "risk_level_declined": {"order": {"text": "病例已转定点医院, 暂不调整"}},
    "risk_level_changed": {
        "reason": "order",
        "previous_in_force": "low",
        "level_in_force": "medium",
    },
    "sealing_imposed": {"order": {"text": "自1月18日20时起封闭管理"}},
    "sealing_lifted": {"order": {"text": "自2月1日8时起解除封闭管理"}},
    "screening_voided": {"reason": "误录"},
    "service_plan_changed": {"previous": "everyday"},
    "situation_changed": {"previous": "no_cases"},
    "trace_returned": {"outcome": "elsewhere"},
    "venue_closed": {"reason": "消防检修", "by": "lead-01", "measure_id": None},
    "venue_limited": {"reason": None, "by": None},
    "venue_opened": {"reason": None, "by": None},
    "urgent_report_raised": {"kind": "case", "alert_id": None, "text": None},
}

_FIRST_CAUSES = (
    "activity_applied",
    "activity_reported",
    "donation_received",
    "election_scheduled",
    "helper_registered",
    "report_opened",
    "report_submitted",
    "team_formed",
)

_KINDS = {"Assistance": "medicine", "Sanitation": "disinfection", "Venue": "library"}


def _value(model: type[Event], field: str) -> object:
    own = _OWN.get(model.name, {})
    if field in own:
        return own[field]
    if field == "kind":
        return next(kind for noun, kind in _KINDS.items() if model.__name__.startswith(noun))
    if field.endswith("_id") and field not in _FIELDS:
        return example_id(field.removesuffix("_id"))
    return _FIELDS.get(field)


def _because(model: type[Event]) -> list[dict[str, str]]:
    """The case behind it all; what people bring to the system has no cause."""
    if model.service == "intake" or model.name in _FIRST_CAUSES:
        return []
    return [
        {
            "type": "bulwark.intake.case_reported",
            "id": example_id("case reported"),
            "area": COMMUNITY,
            "occurred_at": MORNING,
            "policy": "2021-01#levels.community.medium",
        }
    ]


@cache
def example_of(event_type: str) -> Event:
    """The example of an event type; raises KeyError for a type that is not in the registry."""
    model = all_events()[event_type]
    values = {
        field: _value(model, field)
        for field in model.model_fields
        if field not in ("area", "occurred_at", "because")
    }
    return model.model_validate(
        {
            "area": COMMUNITY,
            "occurred_at": MORNING,
            "because": _because(model),
            **{field: value for field, value in values.items() if value is not None},
        }
    )


def examples() -> dict[str, Event]:
    """One example of every type in the registry, by type."""
    return {event_type: example_of(event_type) for event_type in sorted(all_events())}
