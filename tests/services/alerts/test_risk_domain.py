"""The national rule of levels at its boundaries, and what orders hold against it. A4."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerts.risk import domain
from services.alerts.risk.domain import Case, assess, assess_situation
from services.alerts.risk.levels import level_in_force
from shared.events.vocabulary import LEVELS, Level
from tests.services.alerts.some_cases import (
    COMMUNITY,
    COUNTY,
    OTHER,
    PACK,
    TODAY,
    TOWNSHIP,
    case,
    chain,
)

AUTOMATIC = PACK.model_copy(update={"mode": "automatic"})


def old(number: int, **facts: Any) -> list[Case]:
    return [case(100, **facts) for _ in range(number)]


def level(cases: Sequence[Case], area: str = COUNTY) -> Level:
    return assess(cases, area, TODAY, PACK).level


@pytest.mark.requirement("A4")
@pytest.mark.parametrize(
    ("cases", "expected", "key"),
    [
        pytest.param([], "low", "risk.window_days", id="none"),
        pytest.param([case(14)], "low", "risk.window_days", id="day 14"),
        pytest.param([case(13)], "medium", "risk.units.county.medium_at_new", id="day 13"),
        pytest.param(old(60), "low", "risk.window_days", id="60 old"),
        pytest.param(
            [*old(45), *chain(5)], "medium", "risk.units.county.medium_at_new", id="50, cluster"
        ),
        pytest.param(
            [*old(46), *chain(5)], "high", "risk.units.county.high_above_total", id="51, cluster"
        ),
        pytest.param(
            [*old(47), *chain(4)], "medium", "risk.units.county.medium_at_new", id="51, four linked"
        ),
        pytest.param(
            [*old(60), *chain(5, 14), case()],
            "medium",
            "risk.units.county.medium_at_new",
            id="the cluster is past",
        ),
        pytest.param([case(origin="imported")], "low", "risk.window_days", id="imported"),
        pytest.param([case(origin="unknown")], "medium", "risk.units.county.medium_at_new", id="?"),
        pytest.param([case(setting="isolation_site")], "low", "risk.window_days", id="site"),
        pytest.param([case(counts_as="asymptomatic")], "low", "risk.window_days", id="silent"),
        pytest.param([case(counts_as="suspected")], "low", "risk.window_days", id="suspected"),
        pytest.param([case(area="220582001001")], "low", "risk.window_days", id="elsewhere"),
    ],
)
def test_county_has_the_national_rules_level_when_cases_are_so(
    cases: list[Case], expected: Level, key: str
) -> None:
    found = assess(cases, COUNTY, TODAY, PACK)
    assert (found.level, found.key) == (expected, key)
    assert PACK.line(found.key)


@pytest.mark.requirement("A4")
@pytest.mark.parametrize(
    ("area", "total"), [(COMMUNITY, 4), (TOWNSHIP, 9), (COUNTY, 50)], ids=["c", "t", "county"]
)
def test_unit_is_high_when_its_own_number_is_passed_with_a_cluster(area: str, total: int) -> None:
    cluster = chain(5)
    past = old(total + 1 - len(cluster))
    assert level([*past, *cluster], area) == "high"
    assert level([*past[1:], *cluster[:4], case()], area) == "medium"
    if past:
        assert level([*past[1:], *cluster], area) == "medium"


@pytest.mark.requirement("A4")
def test_evidence_is_the_new_cases_when_a_level_is_raised_and_the_last_when_it_falls() -> None:
    first, second, third = case(20), case(3), case(1)
    assert assess([third, first, second], COUNTY, TODAY, PACK).evidence == (second.id, third.id)
    later = TODAY + timedelta(days=13)
    assert assess([third, first, second], COUNTY, later, PACK).evidence == (third.id,)


def test_no_cluster_is_seen_when_the_link_goes_through_a_case_that_does_not_count() -> None:
    brought = case(origin="imported")
    linked = [case(linked_to=(brought.id,)) for _ in range(5)]
    assert level([*linked, brought], COMMUNITY) == "medium"
    assert level([replace(brought, origin="local"), *linked], COMMUNITY) == "high"


def test_only_an_order_raises_an_area_when_it_is_no_unit_of_the_rule() -> None:
    assert level(chain(60), "2205") == "low"
    assert level(chain(60), COMMUNITY + "001") == "low"
    assert domain.units_of(COMMUNITY + "001") == (COMMUNITY, TOWNSHIP, COUNTY)
    assert domain.units_of(TOWNSHIP) == (TOWNSHIP, COUNTY)
    assert domain.units_of("2205") == ()


settings = st.sampled_from(["household", "isolation_site", None])
some_cases = st.lists(
    st.builds(
        case,
        st.integers(0, 20),
        area=st.sampled_from([COMMUNITY, TOWNSHIP + "002", OTHER]),
        counts_as=st.sampled_from(["confirmed", "confirmed", "asymptomatic", "suspected", None]),
        origin=st.sampled_from(["local", "unknown", "imported"]),
        setting=settings,
    ),
    max_size=12,
)


def linked(cases: list[Case], pairs: list[tuple[int, int]]) -> list[Case]:
    made = list(cases)
    for one, other in pairs:
        if one < len(made) and other < len(made):
            made[one] = replace(made[one], linked_to=(*made[one].linked_to, made[other].id))
    return made


links = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=15)


@pytest.mark.requirement("A4")
@given(cases=some_cases, pairs=links, random=st.randoms(use_true_random=False))
def test_assessment_is_the_same_when_cases_come_in_another_order(
    cases: list[Case], pairs: list[tuple[int, int]], random: Any
) -> None:
    there = linked(cases, pairs)
    shuffled = random.sample(there, len(there))
    for area in (COMMUNITY, TOWNSHIP, COUNTY):
        assert assess(shuffled, area, TODAY, PACK) == assess(there, area, TODAY, PACK)
    assert assess_situation(shuffled, TODAY, PACK) == assess_situation(there, TODAY, PACK)


@pytest.mark.requirement("A4")
@given(cases=some_cases, pairs=links, brought=st.integers(1, 60))
def test_level_never_rises_when_imported_cases_are_added(
    cases: list[Case], pairs: list[tuple[int, int]], brought: int
) -> None:
    there = linked(cases, pairs)
    imported = chain(brought, origin="imported")
    for area in (COMMUNITY, TOWNSHIP, COUNTY):
        after = assess([*there, *imported], area, TODAY, PACK)
        assert after == assess(there, area, TODAY, PACK)


@given(cases=some_cases, pairs=links, days=st.integers(0, 40))
def test_level_never_rises_when_only_time_passes(
    cases: list[Case], pairs: list[tuple[int, int]], days: int
) -> None:
    there = linked(cases, pairs)
    for area in (COMMUNITY, TOWNSHIP, COUNTY):
        now = assess(there, area, TODAY, PACK).level
        later = assess(there, area, TODAY + timedelta(days=days), PACK).level
        assert LEVELS.index(later) <= LEVELS.index(now)


@given(cases=some_cases, pairs=links)
def test_nothing_changes_before_the_next_lapse_when_no_report_comes(
    cases: list[Case], pairs: list[tuple[int, int]]
) -> None:
    there = linked(cases, pairs)
    lapse = domain.next_lapse(there, TODAY, PACK, domain.counts, PACK.risk.window_days)
    until = lapse or TODAY + timedelta(days=60)
    for area in (COMMUNITY, COUNTY):
        last = assess(there, area, until - timedelta(days=1), PACK).level
        assert last == assess(there, area, TODAY, PACK).level


@pytest.mark.requirement("A4")
@pytest.mark.parametrize(
    ("ordered", "assessed", "stands"),
    [("low", "medium", True), ("high", "low", True), ("medium", "medium", False)],
)
def test_order_is_held_against_the_cases_when_it_says_otherwise(
    ordered: Level, assessed: Level, stands: bool
) -> None:
    assert domain.order_stands(ordered, assessed, PACK) is stands
    assert domain.order_stands(ordered, assessed, AUTOMATIC)
    orders = PACK.orders.model_copy(update={"stand_above_window": ()})
    assert not domain.order_stands(ordered, assessed, PACK.model_copy(update={"orders": orders}))


@pytest.mark.requirement("A4")
@pytest.mark.parametrize(
    ("own", "assessed", "news", "stands"),
    [
        ("low", "medium", False, True),
        ("low", "medium", True, False),
        ("high", "medium", True, True),
        ("high", "high", True, False),
        ("high", "low", False, True),
    ],
)
def test_order_gives_way_when_a_new_case_asks_for_as_much_or_more(
    own: Level, assessed: Level, news: bool, stands: bool
) -> None:
    assert domain.still_stands(own, assessed, news=news) is stands


def test_level_in_force_is_the_strongest_of_its_own_and_those_above() -> None:
    levels: dict[str, Level] = {COUNTY: "medium", TOWNSHIP: "high", COMMUNITY: "medium"}
    assert level_in_force(levels, COMMUNITY) == "high"
    assert level_in_force(levels, COMMUNITY + "001") == "high"
    assert level_in_force(levels, OTHER) == "medium"
    assert level_in_force(levels, "2205") == "low"
    assert level_in_force({}, COMMUNITY) == "low"


def test_order_is_a_repeat_when_it_tells_the_same_of_the_level_there_is() -> None:
    order = domain.OrderTerms("medium", "出现本地病例", "指挥部", "〔1〕号", None)
    assert domain.is_repeat(order, order, "medium")
    assert not domain.is_repeat(order, order, "low")
    assert not domain.is_repeat(None, order, "medium")
    assert not domain.is_repeat(order, order._replace(text="继续防控"), "medium")
