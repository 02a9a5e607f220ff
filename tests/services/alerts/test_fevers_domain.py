"""What is found in a screening, and how an alert climbs. D1."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerts.fevers import domain
from shared.clock.clock import CST
from shared.events.alerts.fevers import AlertRaised, FeverDetected
from shared.events.envelope import Recorded
from shared.events.intake.screenings import HEALTH_CODES, ScreeningRecorded
from shared.events.vocabulary import SYMPTOMS, AreaLevel
from shared.policy.pack import load_pack
from tests.support.paths import SHIPPED_PACK

PACK = load_pack(SHIPPED_PACK)
NOW = datetime(2021, 1, 18, 8, tzinfo=CST)
COMMUNITY = "220581001001"


def screening(**facts: Any) -> Recorded[ScreeningRecorded]:
    values = {"temperature_c": 36.5, **facts}
    data = ScreeningRecorded(
        area=COMMUNITY,
        occurred_at=NOW - timedelta(minutes=5),
        screening_id=str(uuid4()),
        place_kind="checkpoint",
        **values,
    )
    return Recorded(str(uuid4()), "intake", 1, NOW, data)


@pytest.mark.requirement("D1")
@pytest.mark.parametrize(
    ("facts", "kind", "reasons", "key"),
    [
        ({"temperature_c": 37.3}, "fever", ("temperature",), "fever.threshold_c"),
        (
            {"temperature_c": 38.0, "symptoms": ("cough",), "health_code": "red"},
            "fever",
            ("temperature", "cough", "health_code_red"),
            "fever.threshold_c",
        ),
        (
            {"symptoms": ("cough", "fever"), "health_code": "yellow"},
            "symptoms",
            ("cough", "fever", "health_code_yellow"),
            "alerts.symptoms_raise",
        ),
        ({"health_code": "yellow"}, "health_code", ("health_code_yellow",), "alerts.codes_raise"),
        (
            {"temperature_c": None, "unmeasured_reason": "x", "symptoms": ("breathless",)},
            "symptoms",
            ("breathless",),
            "alerts.symptoms_raise",
        ),
    ],
)
def test_one_alert_tells_all_reasons_when_a_screening_is_abnormal(
    facts: dict[str, Any], kind: str, reasons: tuple[str, ...], key: str
) -> None:
    seen = screening(**facts)
    assert domain.remarkable([screening(), seen], PACK) == [seen]
    event = domain.alert(seen, PACK)
    assert event is not None
    assert type(event) is (FeverDetected if kind == "fever" else AlertRaised)
    assert (event.kind, event.reasons, event.policy) == (kind, reasons, PACK.line(key))
    assert event.because == seen.causes(PACK.line(key))
    assert event.screening_id == seen.data.screening_id
    minutes = 30 if kind == "fever" else 60
    assert event.respond_by == NOW + timedelta(minutes=minutes)


@pytest.mark.requirement("D1")
@pytest.mark.parametrize(
    "facts",
    [
        {"temperature_c": 37.2},
        {"health_code": "green"},
        {"health_code": "none"},
        {"temperature_c": None, "unmeasured_reason": "device"},
    ],
)
def test_nothing_is_found_when_a_screening_is_ordinary(facts: dict[str, Any]) -> None:
    assert domain.remarkable([screening(**facts)], PACK) == []
    assert domain.finding(screening(**facts).data, PACK) is None


@pytest.mark.requirement("D1")
def test_symptoms_raise_nothing_but_are_told_when_the_county_chose_so() -> None:
    alerts = PACK.alerts.model_copy(update={"symptoms_raise": False, "codes_raise": ("red",)})
    pack = PACK.model_copy(update={"alerts": alerts})
    assert domain.finding(screening(symptoms=("cough",)).data, pack) is None
    assert domain.finding(screening(health_code="yellow").data, pack) is None
    fever = domain.finding(screening(temperature_c=39, symptoms=("cough",)).data, pack)
    assert fever is not None
    assert fever.reasons == ("temperature", "cough")


def test_same_alert_is_found_when_a_screening_is_heard_of_twice() -> None:
    seen = screening(temperature_c=38)
    assert domain.alert(seen, PACK) == domain.alert(seen, PACK)
    assert domain.alert_id_of(seen) != domain.alert_id_of(screening(temperature_c=38))


@given(
    temperature_c=st.one_of(st.none(), st.floats(30, 45)),
    symptoms=st.lists(st.sampled_from(SYMPTOMS), unique=True).map(tuple),
    health_code=st.one_of(st.none(), st.sampled_from(HEALTH_CODES)),
)
def test_nothing_abnormal_is_passed_over_when_the_many_are_sifted(
    temperature_c: float | None, symptoms: tuple[Any, ...], health_code: Any
) -> None:
    seen = screening(temperature_c=temperature_c, symptoms=symptoms, health_code=health_code)
    found = domain.finding(seen.data, PACK)
    assert bool(domain.remarkable([seen], PACK)) == (found is not None)
    fever = temperature_c is not None and temperature_c >= 37.3
    assert (found is not None and found.kind == "fever") == fever


@pytest.mark.parametrize(
    ("area", "ladder"),
    [
        ("220581001001001", ["grid", "community", "township", "county"]),
        (COMMUNITY, ["community", "township", "county"]),
        ("220581001", ["township", "county"]),
        ("220581", ["county"]),
        ("2205", ["city"]),
    ],
)
def test_alert_climbs_to_the_county_and_no_higher_when_nobody_acts(
    area: str, ladder: list[str]
) -> None:
    level: AreaLevel | None = domain.first_level(area)
    climbed = []
    while level is not None:
        climbed.append(level)
        level = domain.next_level(level)
    assert climbed == ladder
