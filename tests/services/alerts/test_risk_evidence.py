"""The cases that levels and situations are worked out from are enough, and not more. A3, A4."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from services.alerts.main import SERVICE
from services.alerts.risk import domain
from services.alerts.risk.domain import Case, assess, assess_situation, last_of, next_lapse
from services.alerts.risk.evidence import (
    count_cases,
    counted_for_level,
    counted_for_situation,
    recent_cases,
)
from services.alerts.risk.tables import CaseFacts
from shared.database.engine import Database
from shared.runtime.migrations import migrate
from tests.services.alerts.some_cases import COMMUNITY, COUNTY, OTHER, PACK, TODAY, case

WINDOW = PACK.risk.window_days

some_cases = st.lists(
    st.builds(
        case,
        st.integers(-2, 40),
        area=st.sampled_from((COMMUNITY, f"{COMMUNITY}001", OTHER, COUNTY)),
        counts_as=st.sampled_from(("confirmed", "asymptomatic", "suspected", None)),
        origin=st.sampled_from(("local", "unknown", "imported")),
        setting=st.sampled_from((None, "isolation_site", "school")),
    ),
    max_size=12,
)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path: Path = tmp_path_factory.mktemp("evidence") / "alerts.db"
    made = Database(f"sqlite:///{path}")
    migrate(SERVICE, made)
    yield made
    made.close()


def keep(session: Session, cases: list[Case]) -> None:
    for one in cases:
        facts = {name: getattr(one, name) for name in ("area", "counts_as", "confirmed_on")}
        facts |= {name: getattr(one, name) for name in ("origin", "setting", "sequence")}
        row = CaseFacts(case_id=one.id, linked_to=list(one.linked_to), because=[], **facts)
        session.add(row)


@pytest.mark.requirement("A4")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(cases=some_cases, linked=st.booleans())
def test_outcome_is_that_of_all_cases_when_only_recent_ones_are_read(
    database: Database, cases: list[Case], linked: bool
) -> None:
    if linked:
        chained = zip(cases, [None, *cases], strict=False)
        cases = [replace(one, linked_to=(before.id,) if before else ()) for one, before in chained]
    with database.writing() as session:
        keep(session, cases)
        for area in (COMMUNITY, COUNTY):
            counted = counted_for_level(PACK)
            read = recent_cases(session, area, counted, TODAY - timedelta(days=WINDOW))
            here = [one for one in cases if one.area.startswith(area)]
            total = count_cases(session, area, counted, 1000)
            assert assess(read, area, TODAY, PACK, total) == assess(here, area, TODAY, PACK)
            found = [last_of(some, PACK, domain.counts) for some in (read, here)]
            assert found[0] == found[1]
            lapses = [next_lapse(s, TODAY, PACK, domain.counts, WINDOW) for s in (read, here)]
            assert lapses[0] == lapses[1]
        read = recent_cases(
            session, COMMUNITY, counted_for_situation(PACK), TODAY - timedelta(days=14)
        )
        here = [one for one in cases if one.area.startswith(COMMUNITY)]
        assert assess_situation(read, TODAY, PACK) == assess_situation(here, TODAY, PACK)
        session.rollback()


@pytest.mark.requirement("A4")
def test_old_cases_are_counted_only_so_far_when_a_number_is_enough(database: Database) -> None:
    with database.writing() as session:
        keep(session, [*(case(30 + days) for days in range(60)), case(2)])
        counted, after = counted_for_level(PACK), TODAY - timedelta(days=WINDOW)
        assert len(recent_cases(session, COUNTY, counted, after)) == 1
        assert count_cases(session, COUNTY, counted, 51) == 51
        session.rollback()
