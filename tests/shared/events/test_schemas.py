"""The models hold every event and field that the contract names, and nothing of people."""

from typing import get_args, get_type_hints

import pytest
from pydantic import BaseModel, ValidationError

from shared.events.alerts.checkpoints import CheckpointOpened
from shared.events.alerts.fevers import FeverDetected
from shared.events.alerts.measures import MeasureStarted
from shared.events.alerts.venues import VenueClosed
from shared.events.base import Event
from shared.events.examples import example_id, example_of
from shared.events.intake.cases import CaseReported
from shared.events.intake.people import PersonRegistered
from shared.events.intake.screenings import ScreeningRecorded
from shared.events.registry import all_events
from shared.events.vocabulary import VOCABULARIES

PERSON = ("person_id", "categories", "needs")
CHECKED = ("residents", "key_people", "outcome")
SCREENING = (
    *("screening_id", "person_id", "temperature_c", "unmeasured_reason", "symptoms"),
    *("health_code", "place_kind", "place_id", "direction", "channel"),
)
OBSERVED = ("observation_id", "person_id")
MOVEMENT = ("movement_id", "person_id", "from_area", "to_area", "expected_on")
ALERT = ("alert_id", "screening_id", "observation_id", "person_id", "kind", "reasons", "respond_by")
GATE = ("measure_id", "checks")
ASSISTANCE = ("request_id", "kind", "person_id", "due_at")
ACTIVITY = ("activity_id", "kind", "people", "reason")

CONTRACT: dict[str, dict[str, tuple[str, ...]]] = {
    "intake": {
        "person_registered": PERSON,
        "person_updated": PERSON,
        "person_erased": ("person_id",),
        "household_checked": ("household_id", *CHECKED),
        "organisation_checked": ("organisation_id", *CHECKED),
        "screening_recorded": SCREENING,
        "screening_voided": SCREENING,
        "observation_opened": (*OBSERVED, "reason"),
        "observation_checked_in": (*OBSERVED, "temperature_c", "symptoms"),
        "check_in_missed": (*OBSERVED, "due_at"),
        "observation_closed": (*OBSERVED, "outcome"),
        "follow_up_due": (*OBSERVED, "due_at"),
        "follow_up_done": (*OBSERVED, "outcome"),
        "case_reported": (
            *("case_id", "person_id", "status", "confirmed_on", "onset_on"),
            *("origin", "setting", "linked_to"),
        ),
        "contact_named": ("case_id", "person_id", "ring", "last_exposure_on", "check_by"),
        "contact_traced": ("case_id", "person_id", "ring", "outcome"),
        "trace_list_received": ("check_by",),
        "trace_returned": ("person_id", "outcome"),
        "site_admitted": ("site_id", "stay_id", "person_id"),
        "site_released": ("site_id", "stay_id", "person_id"),
        "sample_taken": ("sample_id", "person_id"),
        "result_returned": ("sample_id", "person_id", "result"),
        "departure_recorded": MOVEMENT,
        "arrival_confirmed": MOVEMENT,
        "arrival_overdue": MOVEMENT,
        "declaration_submitted": (
            *("declaration_id", "person_id", "for_kind", "for_id", "abnormal", "reasons"),
        ),
        "supplies_counted": ("items",),
    },
    "alerts": {
        "fever_detected": (*ALERT, "temperature_c", "policy"),
        "alert_raised": ALERT,
        "alert_acknowledged": ("alert_id", "by"),
        "alert_escalated": ("alert_id", "level"),
        "alert_resolved": ("alert_id", "outcome"),
        "situation_changed": ("previous", "situation"),
        "risk_level_proposed": (
            *("proposal_id", "previous", "level", "reason", "evidence", "policy"),
        ),
        "risk_level_changed": ("previous", "level", "reason", "evidence", "policy", "order"),
        "response_started": ("response_id", "level", "measures"),
        "response_changed": ("response_id", "level", "measures"),
        "response_ended": ("response_id", "level", "measures"),
        "checkpoint_opened": GATE,
        "checkpoint_closed": GATE,
        "sealing_proposed": GATE,
        "sealing_imposed": GATE,
        "sealing_lifted": GATE,
        "election_scheduled": ("election_id", "polling_on"),
        "election_paused": ("election_id", "polling_on"),
        "election_resumed": ("election_id", "polling_on"),
        "election_held": ("election_id", "polling_on"),
        "voting_plan_set": ("election_id", "polling_on"),
        "venue_closed": ("venue_id", "kind"),
        "venue_limited": ("venue_id", "kind", "limit"),
        "venue_opened": ("venue_id", "kind"),
        "business_visited": ("venue_id", "kind"),
        "activity_applied": ACTIVITY,
        "activity_approved": ACTIVITY,
        "activity_refused": ACTIVITY,
        "activity_called_off": ACTIVITY,
        "activity_reported": ACTIVITY,
        "service_plan_changed": ("previous", "plan", "services"),
        "sanitation_ordered": ("order_id", "kind", "place_id", "due_at"),
        "sanitation_done": ("order_id", "kind", "place_id", "due_at"),
        "sanitation_overdue": ("order_id", "kind", "place_id", "due_at"),
        "eligibility_decided": ("declaration_id", "allowed", "by"),
        "notice_issued": ("notice_id", "level", "channels", "text"),
        "shortage_raised": ("item", "days_of_cover"),
    },
    "volunteers": {
        "assistance_requested": ASSISTANCE,
        "assistance_matched": (*ASSISTANCE, "helper_id"),
        "assistance_started": (*ASSISTANCE, "helper_id"),
        "assistance_completed": (*ASSISTANCE, "helper_id"),
        "assistance_cancelled": (*ASSISTANCE, "helper_id"),
        "assistance_escalated": ASSISTANCE,
        "helper_registered": ("helper_id", "person_id", "skills"),
        "helper_stood_down": ("helper_id", "person_id", "reason"),
        "helper_returned": ("helper_id", "person_id", "reason"),
        "training_completed": ("helper_id", "person_id"),
        "team_formed": ("team_id",),
        "shift_assigned": ("shift_id", "helper_id", "starts_at", "ends_at"),
        "roster_published": ("starts_at", "ends_at"),
        "roster_gap_found": ("shift_id", "starts_at", "ends_at"),
        "hours_logged": ("shift_id", "helper_id", "starts_at", "ends_at"),
        "referral_sent": ("referral_id", "institution"),
        "referral_received": ("referral_id", "institution"),
        "visit_due": ("visit_id",),
        "visit_made": ("visit_id",),
        "mediation_opened": ("case_id",),
        "mediation_closed": ("case_id",),
        "relief_given": ("entry_id", "kind", "quantity", "unit"),
        "donation_received": ("entry_id", "kind", "quantity", "unit"),
    },
    "rollup": {
        "report_opened": ("date",),
        "report_submitted": ("date", "zero", "late", "figures"),
        "report_corrected": ("date", "zero", "late", "figures", "revision", "changed"),
        "report_missed": ("date",),
        "report_excused": ("date",),
        "urgent_report_raised": (),
        "instruction_sent": (),
        "instruction_answered": (),
        "problem_raised": (),
        "problem_closed": (),
    },
}

VOCABULARY: dict[str, str] = {
    "place_kind": "checkpoint venue home station workplace school clinic",
    "health_code": "green yellow red none",
    "need": "medicine food care transport language company",
    "symptom": "fever cough fatigue sore_throat diarrhoea loss_of_smell breathless",
    "case_status": "suspected confirmed asymptomatic cleared recovered died",
    "case_origin": "local imported unknown",
    "check_outcome": "reached absent refused",
    "level": "low medium high",
    "level_reason": "cases order window_elapsed",
    "situation": "no_cases cases_or_outbreak spread",
    "alert_kind": "fever symptoms health_code missed_check_in exposure",
    "alert_status": "open acknowledged resolved",
    "alert_outcome": "false_alarm observed referred isolated confirmed",
    "election_status": "scheduled paused awaiting_date held",
    "service_plan": "everyday strengthened emergency",
    "request_status": "open matched started completed cancelled",
    "report_status": "open submitted missing excused",
    "venue_status": "open limited closed",
    "venue_kind": "library activity_room mahjong_room day_care meeting_room market business other",
    "activity_kind": "wedding funeral banquet meeting market_day culture training other",
    "measure_kind": (
        "checkpoint sealing election_pause venue_closure venue_limit activity_stop "
        "meeting_postponement service_plan sanitation notice duty_day_and_night"
    ),
    "request_kind": (
        "goods medicine elder_care child_care visit errand farm_work psychological relief other"
    ),
    "skill": (
        "goods medicine elder_care child_care visit errand farm_work psychological relief "
        "other driving first_aid nursing counselling"
    ),
    "category": (
        "living_alone_elderly scattered_orphan unattended_child left_behind_child "
        "child_in_difficulty disabled pregnant special_hardship low_income tenant "
        "dormitory chronic_illness medical_family migrant_staying homeless "
        "cold_chain_worker returnee from_risk_area inbound_traveller recovered"
    ),
}

EVENTS = [(service, event) for service, events in CONTRACT.items() for event in events]
ENVELOPE_NAMES = {"service", "name", "type", "key", "about", "example", "published"}
PERSONAL = ("name", "phone", "tel", "mobile", "address", "id_card", "card", "birth", "wechat_id")


@pytest.mark.requirement("P2")
@pytest.mark.parametrize(("service", "event"), EVENTS)
def test_event_has_the_contracts_fields_when_it_is_in_the_contract(
    service: str, event: str
) -> None:
    model = all_events()[f"bulwark.{service}.{event}"]
    assert {*CONTRACT[service][event], "area", "occurred_at", "because"} <= set(model.model_fields)
    assert model.service == service
    assert model.name == event


def test_registry_holds_events_only_when_the_shared_bases_are_there_too() -> None:
    names = {model.name for model in all_events().values()}
    assert {event for _, event in EVENTS} <= names
    # A base has no example and no subject of its own.
    assert all(model.example is not None for model in all_events().values())
    assert names.isdisjoint({"alerts_event", "measure_event", "screening_event", "helper_event"})


def test_no_event_is_an_instance_of_another_when_they_share_a_base() -> None:
    models = list(all_events().values())
    assert not [(a, b) for a in models for b in models if a is not b and issubclass(a, b)]


@pytest.mark.requirement("P2")
@pytest.mark.parametrize("event_type", sorted(all_events()))
def test_example_is_whole_when_made(event_type: str) -> None:
    event = example_of(all_events()[event_type])
    assert type(event) is all_events()[event_type]
    required = {
        name for name, field in all_events()[event_type].model_fields.items() if field.is_required()
    }
    assert required <= event.model_fields_set
    assert type(event).model_validate_json(event.model_dump_json()) == event


@pytest.mark.parametrize("event_type", sorted(all_events()))
def test_key_and_about_name_fields_when_given(event_type: str) -> None:
    model = all_events()[event_type]
    assert set(model.key) | set(model.about) <= set(model.model_fields)
    assert all(field.endswith("_id") for field in model.about)
    assert not ENVELOPE_NAMES & set(model.model_fields)


def _models_within(model: type[BaseModel]) -> set[type[BaseModel]]:
    found = {model}
    for hint in get_type_hints(model).values():
        for part in (hint, *getattr(hint, "__args__", ())):
            if isinstance(part, type) and issubclass(part, BaseModel) and part not in found:
                found |= _models_within(part)
    return found


@pytest.mark.parametrize("event_type", sorted(all_events()))
def test_no_field_can_hold_a_residents_data_when_an_event_is_published(event_type: str) -> None:
    for model in _models_within(all_events()[event_type]):
        for field in model.model_fields:
            words = field.split("_")
            assert not [word for word in PERSONAL if word == field or word in words], field


def test_unknown_fields_are_ignored_when_a_newer_release_wrote_them() -> None:
    event = example_of(CheckpointOpened)
    assert type(event).model_validate({**event.model_dump(), "lanes": 2}) == event


@pytest.mark.parametrize(
    ("model", "changed"),
    [
        (ScreeningRecorded, {"temperature_c": 29.9}),
        (ScreeningRecorded, {"temperature_c": 45.1}),
        (ScreeningRecorded, {"temperature_c": float("nan")}),
        (ScreeningRecorded, {"place_kind": "moon"}),
        (ScreeningRecorded, {"symptoms": ["sneezing"]}),
        (ScreeningRecorded, {"screening_id": "7"}),
        (ScreeningRecorded, {"occurred_at": "2021-01-18T08:00:00"}),
        (ScreeningRecorded, {"area": "2205810"}),
        (FeverDetected, {"kind": "symptoms"}),
        (CaseReported, {"status": "rumoured"}),
        (PersonRegistered, {"categories": ["stranger"]}),
        (VenueClosed, {"kind": "castle"}),
        (MeasureStarted, {"limit": -1}),
    ],
)
def test_value_is_refused_by_field_when_it_does_not_fit(
    model: type[Event], changed: dict[str, object]
) -> None:
    with pytest.raises(ValidationError) as caught:
        model.model_validate({**example_of(model).model_dump(), **changed})
    assert {str(error["loc"][0]) for error in caught.value.errors()} == set(changed)


def test_ids_are_lower_case_when_given_in_capitals() -> None:
    event = example_of(VenueClosed)
    venue = example_id("venue")
    shouted = type(event).model_validate({**event.model_dump(), "venue_id": venue.upper()})
    assert shouted == event


@pytest.mark.parametrize(("vocabulary", "values"), VOCABULARY.items())
def test_vocabulary_has_the_contracts_values_when_the_contract_lists_them(
    vocabulary: str, values: str
) -> None:
    assert list(get_args(VOCABULARIES[vocabulary])) == values.split()


def test_no_two_vocabularies_are_the_same_when_a_field_must_be_put_in_words() -> None:
    assert len({literal: name for name, literal in VOCABULARIES.items()}) == len(VOCABULARIES)


def test_example_names_fields_of_its_own_when_given() -> None:
    for model in all_events().values():
        assert set(model.example) <= set(model.model_fields), model
