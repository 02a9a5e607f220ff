"""Who is sent which event. P5, V7."""

import pytest

from services.rollup.feed.domain import data_of, is_sent, kinds_asked
from shared.events.alerts.fevers import FeverDetected
from shared.events.base import Event
from shared.events.intake.screenings import ScreeningRecorded
from shared.events.registry import all_events
from shared.events.volunteers.requests import AssistanceRequested
from tests.services.rollup.making import A, made
from tests.support.harness import new_id


def test_all_but_screenings_are_sent_when_no_types_are_named() -> None:
    kinds = kinds_asked(None)
    assert ScreeningRecorded not in kinds
    assert len(kinds) == len(all_events()) - 1


def test_kinds_are_those_named_when_types_are_given() -> None:
    wanted: set[type[Event]] = {FeverDetected, ScreeningRecorded}
    assert kinds_asked("fever_detected, bulwark.intake.screening_recorded,") == wanted
    with pytest.raises(ValueError, match="joy, sorrow"):
        kinds_asked("joy,fever_detected,sorrow")


def test_event_is_sent_when_it_lies_in_the_area() -> None:
    kinds = kinds_asked(None)
    fever = made(FeverDetected)
    assert is_sent(fever, kinds, "220581", counsels=False)
    assert is_sent(fever, kinds, A, counsels=False)
    assert not is_sent(fever, kinds, A + "001", counsels=False)
    assert not is_sent(fever, kinds_asked("alert_raised"), A, counsels=False)


def test_person_and_temperature_are_left_out_when_people_are_not_to_be_told_of() -> None:
    fever = made(FeverDetected, person_id=new_id())
    whole, less = data_of(fever, people=True), data_of(fever, people=False)
    assert whole.keys() - less.keys() == {"person_id", "temperature_c"}
    assert less["alert_id"] == fever.alert_id


@pytest.mark.requirement("V7")
def test_psychological_support_is_sent_to_counsellors_alone_when_asked_for() -> None:
    kinds = kinds_asked(None)
    request = made(AssistanceRequested, kind="psychological")
    assert is_sent(request, kinds, A, counsels=True)
    assert not is_sent(request, kinds, A, counsels=False)
    assert is_sent(made(AssistanceRequested, kind="goods"), kinds, A, counsels=False)
