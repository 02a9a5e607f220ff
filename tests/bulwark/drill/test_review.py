"""Drills: the shipped scenario plays, its expectations hold, and a failed one is told. V9."""

import datetime as dt
from pathlib import Path

import pytest

from bulwark.drill import ordinary
from bulwark.drill.cascade import Seen
from bulwark.drill.review import delays, judge_answer, judge_events
from bulwark.drill.scenario import Calendar, Expectation, Scenario
from shared.clock.clock import CST
from shared.events.alerts.fevers import FeverDetected
from shared.events.base import Cause, Event
from shared.events.examples import example_of
from shared.events.intake.screenings import ScreeningRecorded
from shared.policy.toml_file import PolicyError
from tests.support.command import bulwark

SHIPPED = Path("drills/first-cases.toml")


@pytest.mark.requirement("V9")
def test_every_expectation_holds_when_the_shipped_drill_is_played() -> None:
    played = bulwark("drill", str(SHIPPED))
    assert played.returncode == 0, played.stdout[-6000:] + played.stderr
    assert "✗" not in played.stdout
    expected = len(Scenario.load(SHIPPED).expect)
    assert f"预期 {expected} 项,符合 {expected} 项" in played.stdout
    assert float(played.stdout.split("用时 ")[1].split(" 秒")[0]) > 0
    lines = played.stdout.splitlines()
    fever = next(line for line in lines if "38.4" in line)
    assert "新华街道 建国社区" in fever
    assert "09:30" in fever
    assert "←" in fever


@pytest.mark.requirement("V9")
def test_exit_code_is_not_zero_when_an_expectation_fails(tmp_path: Path) -> None:
    file = tmp_path / "quiet.toml"
    file.write_text(
        'title_zh = "静"\ntitle_en = "quiet"\narea = "220581"\ndays = 1\nseed = 1\n'
        '[[step]]\nday = 1\nat = 08:00:00\nwho = "recorder"\ncall = "POST /intake/screenings"\n'
        'as = "one"\nbody = { area = "220581001001", temperature_c = 36.5, place_kind = "home" }\n'
        '[[expect]]\nwhat_zh = "会发热"\nwhat_en = "a fever"\nafter = "one"\n'
        'event = "fever_detected"\n'
    )
    played = bulwark("drill", str(file))
    assert played.returncode == 1
    assert "✗ 会发热" in played.stdout


def test_line_and_key_are_named_when_a_scenario_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(SHIPPED.read_text().replace("days = 10", 'days = "ten"', 1))
    with pytest.raises(PolicyError, match=r"wrong\.toml:7: days"):
        Scenario.load(file)
    ended = bulwark("drill", str(file))
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1


def calendar() -> Calendar:
    return Calendar(Scenario.load(SHIPPED), dt.date(2021, 1, 10))


def test_ordinary_screenings_are_the_same_when_generated_twice() -> None:
    routine = calendar().scenario.routine[0]
    once = list(ordinary.hourly(calendar(), routine, 0))
    assert once == list(ordinary.hourly(calendar(), routine, 0))
    everybody = [one for _, batch in once for one in batch]
    assert len(everybody) == 10 * 3 * 130
    assert all(35 <= one["temperature_c"] < 37.3 for one in everybody)
    assert all(
        dt.datetime.fromisoformat(one["occurred_at"]) <= at for at, batch in once for one in batch
    )


def test_names_and_moments_are_filled_in_when_a_body_has_them() -> None:
    filled = calendar().filled({"on": "{day 2}", "at": "{day 3 14:30}", "of": ["$a", "$b"]})
    assert filled["on"] == "2021-01-11"
    assert filled["at"] == "2021-01-12T14:30:00+08:00"
    assert filled["of"] == [calendar().scenario.id_of("a"), calendar().scenario.id_of("b")]
    assert calendar().text("POST /x/$found/y?date={day 1}", "7") == "POST /x/7/y?date=2021-01-10"


def expectation(**changes: object) -> Expectation:
    said = {"what_zh": "其", "what_en": "it", "event": "fever_detected", "least": 1}
    return Expectation.model_validate({**said, **changes})


NOON = dt.datetime(2021, 1, 18, 12, tzinfo=CST)


CAUSE = Cause(
    type="bulwark.intake.screening_recorded",
    id="00000000-0000-4000-8000-000000000001",
    area="220581001001",
    occurred_at=NOON,
)


def fever() -> Event:
    return example_of(FeverDetected).model_copy(update={"because": (CAUSE,)})


def seen(minutes: float = 0, arrived: float = 0) -> Seen:
    return Seen("1", NOON + dt.timedelta(minutes=minutes), arrived, fever())


@pytest.mark.parametrize(
    ("wanted", "found", "held"),
    [
        ({}, [seen(0.5)], True),
        ({}, [seen(1.5)], False),
        ({}, [seen(-1)], False),
        ({"within_minutes": 2}, [seen(1.5)], True),
        ({"least": 2}, [seen()], False),
        ({"least": 0, "most": 0}, [seen()], False),
        ({"least": 0, "most": 0}, [], True),
        ({"area": "99"}, [seen()], False),
        ({"where": {"kind": "fever"}}, [seen()], True),
        ({"where": {"kind": "symptoms"}}, [seen()], False),
        ({"because": "screening_recorded"}, [seen()], True),
        ({"because": "case_reported"}, [seen()], False),
    ],
)
def test_events_are_judged_when_expected(
    wanted: dict[str, object], found: list[Seen], held: bool
) -> None:
    assert judge_events(expectation(**wanted), NOON, found).held is held


def test_answers_are_judged_when_expected() -> None:
    wanted = expectation(event="", get="/x", path="items.0.status", equals="paused")
    assert judge_answer(wanted, {"items": [{"status": "paused"}]}).held
    assert not judge_answer(wanted, {"items": []}).held
    assert not judge_answer(wanted, {"detail": "no"}).held


def test_delays_are_told_by_kind_when_causes_were_seen() -> None:
    event = example_of(FeverDetected)
    cause = Seen(event.because[-1].id, NOON, 1.0, example_of(ScreeningRecorded))
    effect = Seen("2", NOON + dt.timedelta(minutes=3), 1.25, event)
    [delay] = delays([cause, effect])
    assert (delay.cause, delay.effect, delay.count) == ("screening_recorded", "fever_detected", 1)
    assert delay.scenario == dt.timedelta(minutes=3)
    assert round(delay.typical_ms) == 250
