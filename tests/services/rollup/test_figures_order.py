"""Any interleaving of the sources ends in the same counters. R4."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.rollup.figures.domain import FIGURES
from services.rollup.figures.reading import figures_on
from services.rollup.public.tables import PublicChange, PublicMeasure, PublicState
from shared.events.alerts.checkpoints import CheckpointClosed, CheckpointOpened
from shared.events.alerts.fevers import FeverDetected
from shared.events.alerts.measures import MeasureEnded, MeasureStarted
from shared.events.alerts.risk import RiskLevelChanged
from shared.events.alerts.venues import VenueClosed, VenueLimited
from shared.events.base import Event
from shared.events.intake.cases import CaseReported
from shared.events.intake.observations import ObservationClosed, ObservationOpened
from shared.events.intake.screenings import ScreeningRecorded, ScreeningVoided
from shared.events.volunteers.helpers import HelperRegistered, HelperReturned, HelperStoodDown
from shared.events.volunteers.requests import AssistanceCompleted, AssistanceRequested
from tests.services.rollup.making import MORNING, A, B, C, Projection, made
from tests.support.harness import new_id

AREAS = (A, A + "001", B, C, "220581001", "220581100", "220581", "2205", "22")
DAYS = [date(2021, 3, 1) + timedelta(days=n) for n in range(-2, 4)]
IDS = [new_id() for _ in range(4)]

History = list[Event]


@pytest.fixture(scope="module")
def projection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Projection]:
    projection = Projection(tmp_path_factory.mktemp("rollup"))
    yield projection
    projection.close()


places = st.sampled_from([A, A + "001", B, C])
times = st.integers(-2, 3).map(lambda days: MORNING + timedelta(days=days))
ids = st.sampled_from(IDS)


def some(model: type[Event], **values: st.SearchStrategy[Any]) -> st.SearchStrategy[Event]:
    return st.fixed_dictionaries({"area": places, "occurred_at": times, **values}).map(
        lambda given: made(model, **given)
    )


intake = st.lists(
    some(ScreeningRecorded, temperature_c=st.sampled_from([None, 36.5]))
    | some(ScreeningVoided, screened_at=times)
    | some(ObservationOpened, observation_id=ids, reason=st.just("returnee"))
    | some(ObservationClosed, observation_id=ids)
    | some(
        CaseReported,
        case_id=ids,
        status=st.sampled_from(["suspected", "confirmed", "asymptomatic", "cleared", "died"]),
        confirmed_on=st.none() | st.sampled_from(DAYS),
    ),
    max_size=12,
)
levels = st.sampled_from(["low", "medium", "high"])
alerts = st.lists(
    some(FeverDetected)
    | some(RiskLevelChanged, previous=levels, level=levels, reason=st.just("order"))
    | some(CheckpointOpened, measure_id=ids)
    | some(CheckpointClosed, measure_id=ids)
    | some(VenueClosed, venue_id=ids, kind=st.just("library"), measure_id=ids)
    | some(VenueLimited, venue_id=ids, kind=st.just("library"), limit=st.just(9), measure_id=ids)
    | some(MeasureStarted, measure_id=ids, kind=st.just("meeting_postponement"))
    | some(MeasureEnded, measure_id=ids, kind=st.just("meeting_postponement")),
    max_size=16,
)
volunteers = st.lists(
    some(AssistanceRequested, request_id=ids, kind=st.just("goods"))
    | some(AssistanceCompleted, request_id=ids, kind=st.just("goods"))
    | some(HelperRegistered, helper_id=ids)
    | some(HelperStoodDown, helper_id=ids, reason=st.just("fever"))
    | some(HelperReturned, helper_id=ids),
    max_size=12,
)


def state(projection: Projection) -> dict[str, Any]:
    with projection.database.reading() as session:
        found: dict[str, Any] = {
            f"{area} {day}": figures_on(session, area, day) for area in AREAS for day in DAYS
        }
        for table in (PublicMeasure, PublicState, PublicChange):
            rows = session.execute(table.__table__.select()).all()
            found[table.__tablename__] = sorted(map(str, rows))
    return found


def interleaved(histories: dict[str, History], random: Any) -> Iterator[tuple[str, History]]:
    """Runs of events, each of one source in its order, the sources mixed at random."""
    left = {source: list(events) for source, events in histories.items() if events}
    while left:
        source = random.choice(sorted(left))
        size = random.randint(1, len(left[source]))
        yield source, left[source][:size]
        left[source] = left[source][size:]
        if not left[source]:
            del left[source]


@pytest.mark.requirement("R4")
@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(intake, alerts, volunteers, st.randoms(use_true_random=False))
def test_counters_end_the_same_when_the_sources_interleave_otherwise(
    projection: Projection, seen: History, decided: History, helped: History, random: Any
) -> None:
    histories = {"intake": seen, "alerts": decided, "volunteers": helped}
    projection.clear()
    for source, events in histories.items():
        if events:
            projection.apply(source, events)
    together = state(projection)
    projection.clear()
    for source, events in interleaved(histories, random):
        projection.apply(source, events)
    assert state(projection) == together


@pytest.mark.requirement("R3")
@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(intake)
def test_township_shows_what_its_communities_show_together_when_counted(
    projection: Projection, seen: History
) -> None:
    projection.clear()
    if seen:
        projection.apply("intake", seen)
    with projection.database.reading() as session:
        for day in DAYS:
            parts = [figures_on(session, area, day) for area in (A, B)]
            screenings = sum(part["cases"] for part in parts)
            assert figures_on(session, "220581001", day)["cases"] == screenings
            opened = sum(part["observations_open"] for part in parts)
            # What is shown is never below zero, so that only what is not cut can be added up.
            if all(part["observations_open"] > 0 for part in parts):
                assert figures_on(session, "220581001", day)["observations_open"] == opened


@pytest.mark.requirement("I9")
def test_case_counts_once_and_moves_when_it_is_reported_again_elsewhere(
    projection: Projection,
) -> None:
    projection.clear()
    case_id = new_id()
    said = [made(CaseReported, case_id=case_id, status="confirmed") for _ in range(2)]
    projection.apply("intake", said)
    corrected = made(CaseReported, case_id=case_id, status="confirmed", area=B)
    projection.apply("intake", [corrected])
    day = date(2021, 3, 1)
    with projection.database.reading() as session:
        shown = [figures_on(session, area, day)["cases"] for area in (A, B, "220581001", "22")]
    assert shown == [0, 1, 1, 1]


def test_event_is_counted_once_when_a_neighbour_of_its_run_is_set_aside(
    projection: Projection,
) -> None:
    projection.clear()
    good = made(ScreeningRecorded)
    broken = good.model_copy(update={"place_kind": 7})
    projection.apply("intake", [good, broken, good])
    with projection.database.reading() as session:
        figures = figures_on(session, A, date(2021, 3, 1))
    assert figures == dict.fromkeys(FIGURES, 0) | {"screenings": 2}


def test_reading_takes_the_last_change_when_a_year_lies_between(projection: Projection) -> None:
    projection.clear()
    year = [
        made(
            CheckpointOpened if n % 2 == 0 else CheckpointClosed,
            measure_id=IDS[0],
            occurred_at=MORNING - timedelta(days=400 - n),
        )
        for n in range(365)
    ]
    projection.apply("alerts", year)
    with projection.database.reading() as session:
        last = year[-1].occurred_at.date()
        shown = [
            figures_on(session, "220581", day)["checkpoints_open"]
            for day in (last - timedelta(days=1), last, date(2021, 3, 1))
        ]
    assert shown == [0, 1, 1]
