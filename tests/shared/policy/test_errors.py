"""What a county reads when its copy of a pack is wrong: file, line, key, in two languages."""

import re
from datetime import date
from pathlib import Path

import pytest
from polib import pofile

from shared.policy.pack import Packs, load_pack
from shared.policy.toml_file import PolicyError
from tests.support.paths import ROOT, SHIPPED_PACK

CATALOGUES = ROOT / "shared" / "policy" / "locale"
SHIPPED = SHIPPED_PACK
TEXT = SHIPPED.read_text(encoding="utf-8")


def copy_with(folder: Path, *changes: tuple[str, str], name: str = "copy.toml") -> Path:
    """A copy of the shipped pack with lines that begin so replaced."""
    lines = TEXT.split("\n")
    for beginning, replacement in changes:
        at = next(number for number, line in enumerate(lines) if line.startswith(beginning))
        lines[at] = replacement
    path = folder / name
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def line_of(beginning: str) -> int:
    return [line.startswith(beginning) for line in TEXT.split("\n")].index(True) + 1


def problems_of(path: Path) -> tuple[str, ...]:
    with pytest.raises(PolicyError) as raised:
        load_pack(path)
    assert str(raised.value) == "\n".join(raised.value.problems)
    return raised.value.problems


@pytest.mark.parametrize(
    ("beginning", "replacement", "key", "told"),
    [
        ("threshold_c", "threshold_c = 35.9", "fever.threshold_c", "must be at least 36"),
        ("threshold_c", "threshold_c = nan", "fever.threshold_c", "must be a finite number"),
        ("threshold_c", 'threshold_c = "37.3"', "fever.threshold_c", "must be a number"),
        ("symptoms_r", "symptoms_raise = 1", "alerts.symptoms_raise", "must be true or"),
        ("codes_raise", 'codes_raise = ["green"]', "alerts.codes_raise[0]", "green is not one of"),
        ("max_c", "max_c = 45.5", "temperature.max_c", "must be at most 45"),
        ("max_c", "max_c = 30.0", "temperature.max_c", "must be above min_c"),
        ("max_c", "max_c = 37.3", "fever.threshold_c", "must lie between 30.0 and 37.3"),
        ("window_days", "window_days = 14.5", "risk.window_days", "must be a whole number"),
        ("window_days", "window_days = true", "risk.window_days", "must be a whole number"),
        ("high_needs", "high_needs_cluster = 1", "risk.units.county.high_needs_cluster", "true or"),
        (
            "in_force_from",
            'in_force_from = "2021-01-01"',
            "in_force_from",
            "must be a date without",
        ),
        ("deadline", 'deadline = "18:00"', "reports.deadline", "must be a time without quotes"),
        ("deadline", "deadline = 00:00:00", "reports.deadline", "must come after opens_at"),
        ("mode", 'mode = "auto"', "mode", "auto is not one of: order, automatic"),
        ("hotline", 'hotline = "call us"', "hotline", "has the wrong form"),
        ("hotline", "hotline = 12320", "hotline", "must be a text in quotes"),
        ("title_zh", 'title_zh = ""', "title_zh", "must not be empty"),
        ("checks", 'checks = "temperature"', "measures.medium.checkpoint.checks", "must be a list"),
        ("checks", "checks = []", "measures.medium.checkpoint.checks", "at least 1 items"),
        ("proposed", "proposed = false", "measures.high.sealing.proposed", "not one of: True"),
        ("counted_or", "counted_origins = ['home']", "risk.counted_origins[0]", "home is not one"),
        ("default", "33 = 92", "elections.pause_limit_days", "without default"),
        ("32 =", "320 = 92", "elections.pause_limit_days.320", "has the wrong form"),
        ("relief", "", "requests.due_hours", "without relief"),
        ("relief", "releif = 48", "requests.due_hours.releif", "the nearest is relief"),
        ("threshold_c", "treshold_c = 37.3", "fever.treshold_c", "the nearest is threshold_c"),
        ("[orders]", "[order]", "order", "the nearest is orders"),
        ("[fever]", "fever = 37.3\n[fevers]", "fever", "must be a table"),
        ("times_per_day", "times_a_day = 1", "measures.medium.sanitation.times_a_day", "times_per"),
    ],
)
def test_key_and_line_are_told_when_a_value_is_wrong(
    tmp_path: Path, beginning: str, replacement: str, key: str, told: str
) -> None:
    path = copy_with(tmp_path, (beginning, replacement))
    found = [problem for problem in problems_of(path) if f" {key}: " in problem]
    assert len(found) == 1
    chinese, _, english = found[0].partition(" / ")
    assert told in english
    assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese)


@pytest.mark.parametrize(
    ("beginning", "replacement", "key", "at"),
    [
        ("threshold_c", "threshold_c = 35", "fever.threshold_c", "threshold_c"),
        ("max_c", "max_c = 37.3", "fever.threshold_c", "threshold_c"),
        ("threshold_c", "", "fever.threshold_c", "[fever]"),
        ("relief", "releif = 48", "requests.due_hours.releif", "relief"),
        ("pause_levels", "pause_levels = ['high']", "elections.pause_levels", "pause_levels"),
    ],
)
def test_line_is_that_of_the_key_when_a_value_is_wrong(
    tmp_path: Path, beginning: str, replacement: str, key: str, at: str
) -> None:
    path = copy_with(tmp_path, (beginning, replacement))
    (problem,) = problems_of(path)
    assert problem.startswith(f"{path}:{line_of(at)}: {key}: ")


def test_election_rules_must_agree_when_a_level_no_longer_pauses_them(tmp_path: Path) -> None:
    path = copy_with(tmp_path, ("[measures.medium.election_pause]", ""))
    (problem,) = problems_of(path)
    assert "medium does not agree with measures.medium.election_pause" in problem


def test_service_for_nobody_is_refused_when_categories_and_needs_are_empty(tmp_path: Path) -> None:
    path = copy_with(tmp_path, ('needs = ["food"]', "needs = []"))
    (problem,) = problems_of(path)
    assert "services.strengthened.daily_goods.needs: " in problem
    assert "must not both be empty" in problem


def test_nearest_key_is_told_when_a_named_service_has_an_unknown_one(tmp_path: Path) -> None:
    path = copy_with(tmp_path, ('needs = ["food"]', 'needs = ["food"]\ncategory = []'))
    (problem,) = problems_of(path)
    assert "services.strengthened.daily_goods.category: " in problem
    assert "the nearest is categories" in problem


def test_all_problems_are_told_by_line_when_there_are_several(tmp_path: Path) -> None:
    path = copy_with(
        tmp_path,
        ("deadline", 'deadline = "18:00"'),
        ("threshold_c", "threshold_c = 35"),
        ("window_days", "window = 14"),
    )
    problems = problems_of(path)
    keys = [problem.split(": ")[1] for problem in problems]
    assert keys == ["fever.threshold_c", "risk.window_days", "risk.window", "reports.deadline"]
    numbers = [int(problem.removeprefix(f"{path}:").split(":")[0]) for problem in problems]
    assert numbers == sorted(numbers)


def messages_of(language: str) -> dict[str, set[str]]:
    return {
        entry.msgid: set(re.findall(r"{(\w+)", entry.msgstr))
        for entry in pofile(str(CATALOGUES / f"{language}.po"))
    }


def test_every_message_has_both_languages_when_a_problem_is_told() -> None:
    chinese, english = messages_of("zh"), messages_of("en")
    assert "unknown_key" in chinese
    assert chinese == english


def test_latest_pack_rules_when_several_have_begun(tmp_path: Path) -> None:
    copy_with(tmp_path, name="2021-01.toml")
    copy_with(
        tmp_path,
        ("name", 'name = "2021-03-county"'),
        ("in_force_from", "in_force_from = 2021-03-01"),
        name="a-county.toml",
    )
    packs = Packs.load(tmp_path)
    assert [pack.name for pack in packs.packs] == ["2021-01", "2021-03-county"]
    assert packs.in_force(date(2021, 1, 1)).name == "2021-01"
    assert packs.in_force(date(2021, 2, 28)).name == "2021-01"
    assert packs.in_force(date(2021, 3, 1)).name == "2021-03-county"
    assert packs.in_force(date(2026, 1, 1)).name == "2021-03-county"
    assert packs.named("2021-01").in_force_from == date(2021, 1, 1)


def test_pack_is_refused_when_none_has_begun_or_none_has_the_name(tmp_path: Path) -> None:
    copy_with(tmp_path)
    packs = Packs.load(tmp_path)
    with pytest.raises(
        PolicyError, match=r"no policy pack is in force on 2020-12-31, .* 2021-01-01"
    ):
        packs.in_force(date(2020, 12, 31))
    with pytest.raises(PolicyError, match=r"no policy pack named 2022-06 \(known: 2021-01\)"):
        packs.named("2022-06")


def test_folder_is_refused_when_two_packs_begin_on_one_date(tmp_path: Path) -> None:
    first = copy_with(tmp_path, name="a.toml")
    second = copy_with(tmp_path, ("name", 'name = "other"'), name="b.toml")
    with pytest.raises(PolicyError) as raised:
        Packs.load(tmp_path)
    (problem,) = raised.value.problems
    assert problem.startswith(f"{second}:{line_of('in_force_from')}: in_force_from: ")
    assert problem.endswith(f"is the same as in {first}")


def test_folder_is_refused_when_two_packs_have_one_name(tmp_path: Path) -> None:
    copy_with(tmp_path, name="a.toml")
    second = copy_with(tmp_path, ("in_force_from", "in_force_from = 2021-02-01"), name="b.toml")
    with pytest.raises(PolicyError) as raised:
        Packs.load(tmp_path)
    (problem,) = raised.value.problems
    assert problem.startswith(f"{second}:{line_of('name')}: name: ")


def test_problems_of_every_file_are_told_when_a_folder_is_loaded(tmp_path: Path) -> None:
    copy_with(tmp_path, name="a.toml")
    copy_with(tmp_path, ("threshold_c", "threshold_c = 35"), name="b.toml")
    (tmp_path / "c.toml").write_text("name = \n")
    with pytest.raises(PolicyError) as raised:
        Packs.load(tmp_path)
    assert [Path(problem.split(":")[0]).name for problem in raised.value.problems] == [
        "b.toml",
        "c.toml",
    ]


def test_folder_is_refused_when_it_holds_no_pack(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"没有 \*\.toml 文件 / holds no \*\.toml file"):
        Packs.load(tmp_path)
    with pytest.raises(PolicyError, match="holds no"):
        Packs.load(tmp_path / "missing")
