"""A past outbreak under another policy. P6."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulwark import replay as replaying
from bulwark.replay import lines_of, replay, replayed
from services.alerts.risk.domain import Report
from services.alerts.risk.timeline import days_of, differences, levels_under
from shared.clock.clock import CST, VirtualClock
from shared.policy.pack import Packs, PolicyPack, load_pack
from shared.policy.toml_file import PolicyError
from tests.support.backups import source_of_node
from tests.support.harness import Node

AREA = "220581001001"
FIRST = datetime(2021, 3, 1, 9, 0, tzinfo=CST)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def outbreak(tmp_path_factory: pytest.TempPathFactory) -> tuple[Node, Path]:
    """Two cases in a community in two days, the order that followed, and a stricter pack."""
    clock = VirtualClock(FIRST)
    node = Node(tmp_path_factory.mktemp("outbreak") / "data", clock=clock)
    node.start()
    for day in (0, 1):
        clock.step_to(FIRST + day * DAY)
        node.tick()
        case = {"area": AREA, "status": "confirmed", "confirmed_on": str(clock.now().date())}
        assert node.client("health", AREA).post("/intake/cases", case).is_success
        node.settle()
    order = {"level": "medium", "reason": "演练"}
    command = node.client("command", "220581")
    assert command.put(f"/alerts/areas/{AREA}/risk-level", order).is_success
    node.settle()
    node.stop()
    pack = (node.folder.policies / "2021-01.toml").read_text()
    other = tmp_path_factory.mktemp("packs") / "stricter.toml"
    other.write_text(
        pack.replace('"2021-01"', '"stricter"', 1)
        .replace("high_above_total = 4 ", "high_above_total = 1 ")
        .replace("window_days = 14 ", "window_days = 7 ", 1)
    )
    return node, other


@pytest.mark.requirement("P6")
def test_other_levels_are_told_by_area_and_day_when_the_pack_is_another(
    outbreak: tuple[Node, Path],
) -> None:
    node, file = outbreak
    source, packs = source_of_node(node), Packs.load(node.folder.policies)
    strict = load_pack(file)
    found = replayed(source, packs, strict, date(2021, 4, 30))
    assert found.cases == 2
    told = [(run.first, run.last, run.here, run.there) for run in found.runs if run.area == AREA]
    # More than one case and a window of a week, in place of more than four and a fortnight.
    clustered = strict.risk.units.community.high_needs_cluster
    if clustered:
        assert told == [(date(2021, 3, 9), date(2021, 3, 15), "medium", "low")]
    else:
        assert told[0] == (date(2021, 3, 2), date(2021, 3, 7), "medium", "high")
        assert told[-1][1:] == (date(2021, 3, 15), "medium", "low")
    assert {run.area for run in found.runs} == {AREA, AREA[:9], AREA[:6]}


@pytest.mark.requirement("P6")
def test_nothing_is_written_and_no_difference_told_when_the_pack_is_the_same(
    outbreak: tuple[Node, Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    node, _ = outbreak
    monkeypatch.setattr(replaying, "source_of", lambda _data: source_of_node(node))
    before = {file: file.read_bytes() for file in (node.folder.path / "db").iterdir()}
    replay(node.folder.path, "2021-01", json=False)
    assert "没有差别 / no difference" in capsys.readouterr().out
    replay(node.folder.path, "2021-01", json=True)
    said = json.loads(capsys.readouterr().out)
    assert said["differences"] == []
    assert said["cases"] == 2
    with pytest.raises(PolicyError, match="2021-01"):
        replay(node.folder.path, "2031-01", json=False)
    assert {file: file.read_bytes() for file in (node.folder.path / "db").iterdir()} == before


def test_orders_stand_beside_the_rules_when_no_pack_is_named(outbreak: tuple[Node, Path]) -> None:
    node, _ = outbreak
    source, packs = source_of_node(node), Packs.load(node.folder.policies)
    found = replayed(source, packs, None, date(2021, 3, 31))
    # The order came a day after the first case, for the community alone.
    told = {(run.area, run.first): (run.here, run.there) for run in found.runs}
    assert told[AREA, date(2021, 3, 1)] == ("low", "medium")
    assert told[AREA[:9], date(2021, 3, 1)] == ("low", "medium")


def test_one_line_is_said_when_there_are_no_cases(node: Node) -> None:
    source, packs = source_of_node(node), Packs.load(node.folder.policies)
    found = replayed(source, packs, None, date(2021, 3, 31))
    assert lines_of(found, node.instance.site.areas) == ["没有病例记录 / no cases are recorded"]


def the_pack() -> PolicyPack:
    return load_pack(Path("policies/2021-01.toml"))


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 2)), min_size=1, max_size=8),
    st.integers(0, 60),
)
def test_history_differs_nowhere_from_itself_and_ends_low_when_its_window_has_passed(
    cases: list[tuple[int, int]], after: int
) -> None:
    first = date(2021, 3, 1)
    reports = {
        str(number): [
            Report(number, f"22058100100{area + 1}", "confirmed", first + timedelta(days=day))
        ]
        for number, (day, area) in enumerate(cases)
    }
    pack = the_pack()
    today = first + timedelta(days=after)
    days = days_of(reports, pack.risk.window_days, today)
    levels = levels_under(reports, days, lambda _day: pack)
    assert differences(levels, levels, days) == []
    assert all(level != "low" for level in levels.values())
    runs = differences({}, levels, days)
    assert sum(run.days for run in runs) == len(levels)
    last = max(day for day, _ in cases)
    gone = first + timedelta(days=last + pack.risk.window_days)
    assert all(day < gone for _, day in levels)
