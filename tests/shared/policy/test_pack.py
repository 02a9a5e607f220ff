"""The shipped pack: its numbers, its services, how its lines are cited."""

import re
from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.vocabulary import LEVELS
from shared.policy.pack import load_pack
from shared.policy.toml_file import key_lines
from tests.support.paths import SHIPPED_PACK

SHIPPED = SHIPPED_PACK
PACK = load_pack(SHIPPED)


@pytest.mark.requirement("A4")
def test_national_rule_is_kept_when_the_shipped_pack_is_read() -> None:
    assert PACK.name == "2021-01"
    assert PACK.in_force_from == date(2021, 1, 1)
    assert PACK.mode == "order"
    assert PACK.fever.threshold_c == 37.3
    assert (PACK.temperature.min_c, PACK.temperature.max_c) == (30, 45)
    assert PACK.risk.window_days == 14
    assert PACK.risk.counted_statuses == ("confirmed",)
    assert PACK.risk.counted_origins == ("local", "unknown")
    assert PACK.risk.excluded_settings == ("isolation_site",)
    assert PACK.risk.cluster.size == 5
    county = PACK.risk.units.of("county")
    assert (county.medium_at_new, county.high_above_total, county.high_needs_cluster) == (
        1,
        50,
        True,
    )


@pytest.mark.requirement("D1")
def test_symptoms_and_codes_raise_alerts_when_the_shipped_pack_is_read() -> None:
    assert PACK.alerts.symptoms_raise
    assert PACK.alerts.codes_raise == ("yellow", "red")
    assert PACK.alerts.respond_within_minutes >= PACK.fever.respond_within_minutes


@pytest.mark.requirement("A4")
def test_smaller_units_reach_high_sooner_when_compared_with_the_county() -> None:
    units = PACK.risk.units
    assert (
        units.community.high_above_total
        < units.township.high_above_total
        < units.county.high_above_total
    )


@pytest.mark.requirement("A3")
def test_situations_have_their_numbers_when_the_shipped_pack_is_read() -> None:
    rules = PACK.situations
    assert rules.window_days == 14
    assert rules.cases_or_outbreak.outbreak_size == 2
    assert rules.spread.unknown_origin_cases == 2


def test_every_value_tells_its_origin_when_the_shipped_pack_is_read() -> None:
    lines = SHIPPED.read_text(encoding="utf-8").split("\n")
    told = re.compile(r"# (source|chosen)\b")
    for number in set(key_lines("\n".join(lines)).values()):
        line, following = lines[number - 1], lines[number]
        holds_value = not line.startswith("[") or not re.match(r"\w+ =", following)
        assert told.search(line) or not holds_value, f"{number}: {line}"


def test_line_names_pack_and_key_when_the_key_is_set() -> None:
    assert PACK.line("fever.threshold_c") == "2021-01#fever.threshold_c"
    assert PACK.line("elections.pause_limit_days.32") == "2021-01#elections.pause_limit_days.32"
    assert PACK.line("measures.high.activity_stop.above_people").endswith("above_people")


@pytest.mark.parametrize(
    "key",
    [
        "fever.threshold",
        "fewer",
        "",
        "fever.threshold_c.more",
        "measures.low.checkpoint",
        "risk.counted_statuses.0",
        "fever.model_fields",
        "elections.pause_limit_days.33",
    ],
)
def test_line_is_refused_when_the_key_is_not_in_the_pack(key: str) -> None:
    with pytest.raises(KeyError, match=re.escape(f"2021-01: {key}")):
        PACK.line(key)


@given(path=st.sampled_from(sorted(key_lines(SHIPPED.read_text(encoding="utf-8")))))
def test_every_key_can_be_cited_when_the_file_sets_it(path: tuple[str, ...]) -> None:
    assert PACK.line(".".join(path)) == f"2021-01#{'.'.join(path)}"


@pytest.mark.requirement("D4")
def test_pause_limit_is_the_provinces_when_it_has_its_own() -> None:
    assert PACK.elections.pause_limit("320581") == (365, "elections.pause_limit_days.32")
    assert PACK.elections.pause_limit("220581001003") == (92, "elections.pause_limit_days.default")
    assert PACK.elections.pause_levels == ("medium", "high")
    assert PACK.elections.proxies_max == 3


@pytest.mark.requirement("D7")
def test_approval_limit_agrees_with_what_is_called_off_when_nothing_is_said_by_kind() -> None:
    for level in LEVELS:
        stop = PACK.measures.of(level).activity_stop
        if stop is not None:
            assert PACK.activities.of(level).limit("culture") == stop.above_people


@pytest.mark.requirement("D7")
def test_weddings_wait_and_funerals_stay_small_when_the_level_is_medium() -> None:
    medium = PACK.activities.of("medium")
    assert [medium.limit(kind) for kind in ("wedding", "banquet", "funeral")] == [0, 0, 20]


@pytest.mark.requirement("R1")
def test_report_is_due_the_same_day_when_the_shipped_pack_is_read() -> None:
    assert (PACK.reports.opens_at, PACK.reports.deadline) == (time(0), time(18))


def test_pack_decides_by_itself_when_the_county_chose_automatic() -> None:
    assert PACK.model_copy(update={"mode": "automatic"}).mode == "automatic"


def test_pack_cannot_be_changed_when_it_is_loaded() -> None:
    with pytest.raises(ValueError, match="frozen"):
        PACK.fever.__setattr__("threshold_c", 38.0)
