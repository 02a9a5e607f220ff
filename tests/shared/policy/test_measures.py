"""Which measures are taken: the contract's table, and what several sources make together."""

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.alerts.measures import MEASURE_KINDS
from shared.events.alerts.service_plans import SERVICE_PLANS
from shared.events.vocabulary import LEVELS, SITUATIONS, Level, Situation
from shared.policy.activities import ActivityStop
from shared.policy.checkpoints import Checkpoint, Sealing
from shared.policy.measure import Measure, Trait
from shared.policy.pack import MeasureRule, PolicyPack, load_pack, measures_for
from shared.policy.sanitation import Sanitation
from shared.policy.service_plans import ServicePlanChange
from shared.policy.venues import VenueLimit
from tests.support.paths import SHIPPED_PACK

PACK = load_pack(SHIPPED_PACK)
TRAITS: tuple[Trait, ...] = get_args(Trait)


def by_kind(rules: tuple[MeasureRule, ...]) -> dict[str, Measure]:
    return {rule.kind: rule.parameters for rule in rules}


def changed(key: str, **values: object) -> PolicyPack:
    """The shipped pack with other values in the section of a dotted key."""

    def put(part: object, steps: list[str]) -> object:
        assert isinstance(part, dict)
        if not steps:
            return {**part, **values}
        return {**part, steps[0]: put(part.get(steps[0]) or {}, steps[1:])}

    return PolicyPack.model_validate(put(PACK.model_dump(exclude_none=True), key.split(".")))


@pytest.mark.requirement("D2")
def test_medium_takes_the_measures_of_the_contract_when_the_pack_says_nothing_else() -> None:
    rules = measures_for("medium", None, (), PACK)
    assert [rule.kind for rule in rules] == [
        "checkpoint",
        "election_pause",
        "venue_limit",
        "activity_stop",
        "meeting_postponement",
        "service_plan",
        "sanitation",
        "notice",
        "duty_day_and_night",
    ]
    taken = by_kind(rules)
    assert taken["checkpoint"] == Checkpoint(checks=("temperature", "health_code", "registration"))
    assert taken["venue_limit"] == VenueLimit(
        limit_percent=50, closed_kinds=("day_care", "mahjong_room", "activity_room")
    )
    assert taken["activity_stop"] == ActivityStop(above_people=50)
    assert taken["service_plan"] == ServicePlanChange(plan="strengthened")
    assert taken["sanitation"] == Sanitation(times_per_day=1)
    assert {rule.line for rule in rules} == {f"2021-01#measures.medium.{kind}" for kind in taken}


@pytest.mark.requirement("D2")
def test_high_takes_the_measures_of_the_contract_when_the_pack_says_nothing_else() -> None:
    rules = measures_for("high", None, (), PACK)
    assert [rule.kind for rule in rules] == [
        "checkpoint",
        "sealing",
        "election_pause",
        "venue_closure",
        "activity_stop",
        "meeting_postponement",
        "service_plan",
        "sanitation",
        "notice",
        "duty_day_and_night",
    ]
    taken = by_kind(rules)
    assert taken["sealing"] == Sealing(proposed=True)
    assert taken["activity_stop"] == ActivityStop(above_people=0)
    assert taken["service_plan"] == ServicePlanChange(plan="emergency")
    assert taken["sanitation"] == Sanitation(times_per_day=2)


@pytest.mark.requirement("D2")
def test_nothing_is_taken_when_the_level_is_low() -> None:
    assert measures_for("low", None, (), PACK) == ()
    assert measures_for("low", "no_cases", (), PACK) == ()


@pytest.mark.requirement("A3")
def test_stronger_measure_wins_when_level_and_situation_ask_for_the_same() -> None:
    rules = {rule.kind: rule for rule in measures_for("medium", "spread", (), PACK)}
    assert rules["sanitation"].parameters == Sanitation(times_per_day=2)
    assert rules["sanitation"].line == "2021-01#measures.spread.sanitation"
    assert rules["checkpoint"].line == "2021-01#measures.medium.checkpoint"
    assert rules["venue_closure"].line == "2021-01#measures.spread.venue_closure"
    assert "venue_limit" not in rules


@pytest.mark.requirement("D8")
def test_emergency_plan_wins_when_a_situation_asks_for_it_on_medium() -> None:
    pack = changed("measures.spread.service_plan", plan="emergency")
    rules = {rule.kind: rule for rule in measures_for("medium", "spread", (), pack)}
    assert rules["service_plan"].parameters == ServicePlanChange(plan="emergency")
    assert rules["service_plan"].line == "2021-01#measures.spread.service_plan"


@pytest.mark.requirement("A5")
def test_trait_adds_its_measures_when_the_level_is_low() -> None:
    rules = measures_for("low", None, ["border_village", "urban_rural_fringe"], PACK)
    taken = by_kind(rules)
    assert list(taken) == ["checkpoint", "sanitation", "duty_day_and_night"]
    assert rules[0].line == "2021-01#measures.border_village.checkpoint"


@pytest.mark.requirement("A5")
def test_strictest_of_each_parameter_holds_when_neither_source_is_the_stricter() -> None:
    pack = changed(
        "measures.border_village.venue_limit", limit_percent=30, closed_kinds=("library",)
    )
    rule = {rule.kind: rule for rule in measures_for("medium", None, ["border_village"], pack)}[
        "venue_limit"
    ]
    assert rule.parameters == VenueLimit(
        limit_percent=30,
        closed_kinds=("day_care", "mahjong_room", "activity_room", "library"),
    )
    assert rule.line == "2021-01#measures.medium.venue_limit"


LESS_IS_STRICTER = {"limit_percent", "above_people"}


def no_weaker(taken: Measure, asked: Measure) -> bool:
    """Whether what is taken does in every parameter at least what was asked."""
    return all(kept(name, getattr(taken, name), value) for name, value in asked)


def kept(name: str, ours: Any, theirs: Any) -> bool:
    if isinstance(theirs, tuple):
        return set(theirs) <= set(ours)
    if isinstance(theirs, int):
        return bool(ours <= theirs if name in LESS_IS_STRICTER else ours >= theirs)
    return name != "plan" or SERVICE_PLANS.index(ours) >= SERVICE_PLANS.index(theirs)


@given(
    level=st.sampled_from(LEVELS),
    situation=st.sampled_from([None, *SITUATIONS]),
    traits=st.lists(st.sampled_from(TRAITS)),
)
@pytest.mark.requirement("D2")
def test_nothing_is_weaker_than_any_source_asks_when_sources_are_merged(
    level: Level, situation: Situation | None, traits: list[Trait]
) -> None:
    rules = measures_for(level, situation, traits, PACK)
    taken = by_kind(rules)
    assert len(taken) == len(rules)
    sources = [level, *([situation] if situation else []), *traits]
    for source in sources:
        plan = PACK.measures.of(source)
        for kind in MEASURE_KINDS:
            asked = getattr(plan, kind)
            if asked is None or (kind == "venue_limit" and "venue_closure" in taken):
                continue
            assert no_weaker(taken[kind], asked)
    assert all(rule.line.split(".")[1] in sources for rule in rules)
    assert all(PACK.line(rule.line.partition("#")[2]) == rule.line for rule in rules)
