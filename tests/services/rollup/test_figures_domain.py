"""Which figures an event counts in. R4, I9."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rollup.figures import domain, states
from services.rollup.figures.domain import DAILY, FIGURES, STANDING, CaseReport
from services.rollup.figures.states import State
from shared.events.alerts.activities import ActivityCalledOff
from shared.events.alerts.checkpoints import CheckpointClosed, CheckpointOpened, SealingImposed
from shared.events.alerts.elections import ElectionPaused, ElectionResumed
from shared.events.alerts.fevers import AlertRaised, AlertResolved, FeverDetected
from shared.events.alerts.risk import RiskLevelChanged
from shared.events.alerts.venues import VenueClosed, VenueLimited, VenueOpened
from shared.events.base import Event
from shared.events.intake.households import HouseholdChecked
from shared.events.intake.observations import ObservationClosed, ObservationOpened
from shared.events.intake.people import PersonErased
from shared.events.intake.screenings import ScreeningRecorded, ScreeningVoided
from shared.events.volunteers.helpers import HelperRegistered, HelperReturned, HelperStoodDown
from shared.events.volunteers.hours import HoursLogged
from shared.events.volunteers.requests import AssistanceCancelled, AssistanceRequested
from tests.services.rollup.making import MORNING, A, B, made, recorded

DAY = date(2021, 3, 1)
LATER = MORNING + timedelta(minutes=90)


def counted(*events: Event) -> dict[tuple[date, str], int]:
    tally = domain.count([recorded(event) for event in events])
    return {(day, figure): n for (day, _, figure), n in tally.daily.items() if n}


def test_names_are_unique_and_fit_the_column_when_listed() -> None:
    assert len(set(FIGURES)) == len(FIGURES) == len(DAILY) + len(STANDING)
    assert max(map(len, FIGURES)) <= 30


@pytest.mark.parametrize(
    ("event", "figures"),
    [
        (made(ScreeningRecorded), {"screenings": 1}),
        (made(ScreeningRecorded, temperature_c=None), {"screenings": 1, "unmeasured": 1}),
        (made(ScreeningVoided), {"screenings": -1, "screenings_voided": 1}),
        (made(FeverDetected), {"fevers": 1, "alerts": 1}),
        (made(AlertRaised, kind="symptoms"), {"alerts": 1}),
        (made(AlertResolved, outcome="observed"), {"alerts_resolved": 1}),
        (made(HouseholdChecked, outcome="reached"), {"households_checked": 1}),
        (made(HouseholdChecked, outcome="absent"), {}),
        (
            made(RiskLevelChanged, previous="low", level="high", reason="order"),
            {"levels_raised": 1},
        ),
        (
            made(RiskLevelChanged, previous="high", level="low", reason="order"),
            {"levels_lowered": 1},
        ),
        (made(AssistanceRequested, kind="goods"), {"requests_made": 1}),
        (made(HoursLogged, starts_at=MORNING, ends_at=LATER), {"service_minutes": 90}),
        (made(ActivityCalledOff, kind="wedding", people=80), {"activities_called_off": 1}),
        (made(PersonErased), {}),
    ],
)
def test_event_counts_in_its_figures_when_it_happens(event: Event, figures: Any) -> None:
    assert counted(event) == {(DAY, figure): n for figure, n in figures.items()}


@pytest.mark.requirement("R1")
@pytest.mark.parametrize(
    ("at", "day"),
    [
        ("2021-03-01T00:00:00+08:00", date(2021, 3, 1)),
        ("2021-02-28T23:59:59+08:00", date(2021, 2, 28)),
        ("2021-02-28T16:00:00+00:00", date(2021, 3, 1)),
        ("2021-02-28T15:59:59Z", date(2021, 2, 28)),
    ],
)
def test_day_is_the_local_one_when_a_thing_occurred_elsewhere_in_time(at: str, day: date) -> None:
    event = made(ScreeningRecorded, occurred_at=datetime.fromisoformat(at))
    assert counted(event) == {(day, "screenings"): 1}


def test_void_counts_on_two_days_when_the_screening_was_of_an_earlier_one() -> None:
    event = made(ScreeningVoided, screened_at=MORNING - timedelta(days=2), temperature_c=None)
    before = DAY - timedelta(days=2)
    assert counted(event) == {
        (before, "screenings"): -1,
        (before, "unmeasured"): -1,
        (DAY, "screenings_voided"): 1,
    }


@pytest.mark.requirement("R1")
@pytest.mark.parametrize(
    ("found", "left"),
    [
        (made(FeverDetected, area=A + "001"), {"fevers": 0, "alerts": 0}),
        (made(AlertRaised, kind="symptoms"), {"alerts": 0}),
    ],
)
def test_alert_leaves_the_day_it_counted_in_when_its_screening_was_taken_back(
    found: Event, left: dict[str, int]
) -> None:
    voided = made(ScreeningVoided, occurred_at=MORNING + timedelta(days=1))
    line = (*recorded(found).causes(), *recorded(voided).causes())
    false = made(
        AlertResolved,
        area=found.area,
        occurred_at=voided.occurred_at,
        outcome="false_alarm",
        because=line,
    )
    tally = domain.count([recorded(event) for event in (found, false)])
    assert tally.daily == {(DAY, found.area, figure): n for figure, n in left.items()}
    assert tally.touched().keys() == {(DAY, A)}


def test_alert_stays_counted_when_the_clinic_says_that_it_was_false() -> None:
    because = recorded(made(FeverDetected)).causes()
    event = made(AlertResolved, outcome="false_alarm", because=because)
    assert counted(event) == {(DAY, "alerts_resolved"): 1}


@pytest.mark.requirement("R4")
@given(
    st.dictionaries(
        st.tuples(
            st.just(DAY),
            st.sampled_from([A, B, "220581001001001", "220581", "220581100201"]),
            st.sampled_from(["fevers", "cases"]),
        ),
        st.integers(-5, 5),
    )
)
def test_area_holds_the_sum_of_all_below_it_when_counts_go_up(counts: dict[Any, int]) -> None:
    sums = domain.upwards(counts)
    for area in ("22", "2205", "220581", "220581001", A, B):
        for figure in ("fevers", "cases"):
            below = [
                n
                for (_, code, name), n in counts.items()
                if code.startswith(area) and name == figure
            ]
            assert sums.get((DAY, area, figure), 0) == sum(below)


# Cases


def report(days: int, status: Any, area: str = A, confirmed_on: date | None = None) -> CaseReport:
    return CaseReport(days + 1, DAY + timedelta(days=days), area, status, confirmed_on)


@pytest.mark.requirement("I9")
def test_case_counts_once_when_it_is_confirmed_twice() -> None:
    said = [report(0, "suspected"), report(1, "confirmed"), report(3, "confirmed")]
    assert domain.case_counts(said) == {
        (DAY, A, "cases_suspected"),
        (DAY + timedelta(days=1), A, "cases"),
    }


def test_case_counts_on_the_day_of_confirmation_when_it_is_named() -> None:
    said = [report(2, "confirmed", confirmed_on=DAY)]
    assert domain.case_counts(said) == {(DAY, A, "cases")}
    corrected = [*said, report(4, "confirmed", confirmed_on=DAY + timedelta(days=1), area=B)]
    assert domain.case_counts(corrected) == {(DAY + timedelta(days=1), B, "cases")}


def test_case_counts_no_more_when_it_is_ruled_out() -> None:
    said = [report(0, "suspected"), report(1, "confirmed"), report(2, "cleared")]
    assert domain.case_counts(said) == {(DAY, A, "cases_suspected")}
    again = [*said, report(3, "confirmed")]
    assert (DAY + timedelta(days=3), A, "cases") in domain.case_counts(again)


@given(
    st.lists(
        st.builds(
            CaseReport,
            sequence=st.integers(1, 1000),
            day=st.dates(DAY, DAY + timedelta(days=5)),
            area=st.sampled_from([A, B]),
            status=st.sampled_from(["suspected", "confirmed", "cleared", "recovered", "died"]),
            confirmed_on=st.none() | st.dates(DAY, DAY + timedelta(days=5)),
        ),
        unique_by=lambda r: r.sequence,
    ),
    st.randoms(),
)
def test_case_counts_the_same_when_its_reports_come_in_another_order(
    reports: list[CaseReport], random: Any
) -> None:
    shuffled = list(reports)
    random.shuffle(shuffled)
    counts = domain.case_counts(reports)
    assert domain.case_counts(shuffled) == counts
    assert len({figure for _, _, figure in counts}) == len(counts)


# States


@pytest.mark.parametrize(
    ("event", "before", "figure"),
    [
        (made(ObservationOpened, reason="returnee"), None, "observations_open"),
        (made(ObservationClosed), "observations_open", None),
        (made(CheckpointOpened), None, "checkpoints_open"),
        (made(CheckpointClosed), "checkpoints_open", None),
        (made(SealingImposed), None, "areas_sealed"),
        (made(ElectionPaused), None, "elections_paused"),
        (made(ElectionResumed), "elections_paused", None),
        (made(VenueClosed, kind="library"), None, "venues_closed"),
        (made(VenueLimited, kind="library", limit=5), "venues_closed", "venues_limited"),
        (made(VenueOpened, kind="library"), "venues_limited", None),
        (made(AssistanceRequested, kind="goods"), None, "requests_open"),
        (made(AssistanceCancelled, kind="goods"), "requests_open", None),
        (made(HelperRegistered), None, "helpers"),
        (made(HelperStoodDown, reason="fever"), "helpers", "helpers_stood_down"),
        (made(HelperRegistered), "helpers_stood_down", "helpers_stood_down"),
        (made(HelperReturned), "helpers_stood_down", "helpers"),
    ],
)
def test_thing_is_in_its_next_state_when_an_event_says_so(
    event: Event, before: str | None, figure: str | None
) -> None:
    assert states.changes_state(event)
    after = states.state_after(event, State(before, A) if before else None)
    assert after == (State(figure, A) if figure else None)


def test_thing_is_named_by_its_field_when_ids_are_equal() -> None:
    venue = made(VenueClosed, kind="library")
    election = made(ElectionPaused, election_id=venue.venue_id)
    assert states.thing_of(venue) == f"venue_id:{venue.venue_id}"
    assert states.thing_of(election) != states.thing_of(venue)


def test_community_is_touched_when_a_grid_of_it_counts() -> None:
    tally = domain.count(
        [
            recorded(made(ScreeningRecorded, area=A + "001")),
            recorded(
                made(
                    RiskLevelChanged,
                    area="220581",
                    previous="low",
                    level="medium",
                    reason="order",
                )
            ),
        ]
    )
    assert set(tally.touched()) == {(DAY, A)}
