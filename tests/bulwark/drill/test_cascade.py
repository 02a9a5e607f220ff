"""The cascade as it is printed: places by name, causes in words, days by the clock. V9."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from bulwark.data_folder import Folder
from bulwark.drill.cascade import Cascade, Seen
from bulwark.drill.scenario import Calendar, Scenario
from shared.areas.tree import Areas
from shared.clock.clock import CST, VirtualClock
from shared.events.alerts.checkpoints import CheckpointClosed
from shared.events.alerts.orders import Order
from shared.events.alerts.risk import RiskLevelChanged, RiskLevelProposed
from shared.events.base import Cause, Event, id_from
from shared.events.envelope import Recorded
from shared.events.examples import example_id
from shared.events.rollup.reports import ReportMissed, ReportOpened

FIRST = dt.date(2021, 1, 10)
NOON = dt.datetime(2021, 1, 12, 12, tzinfo=CST)
TOWNSHIP = "220581001"
ORDER = Order(text="疫情平稳", issuer="市指挥部", document="2021年第3号")


@pytest.fixture(scope="module")
def areas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Areas]:
    folder = Folder(tmp_path_factory.mktemp("site"))
    folder.prepare()
    site = folder.site("test", VirtualClock(NOON))
    yield site.areas
    site.areas.close()
    site.vault.close()


@pytest.fixture
def cascade(areas: Areas) -> Cascade:
    calendar = Calendar(Scenario.load(Path("drills/first-cases.toml")), FIRST)
    return Cascade(calendar, areas, "zh", quiet=False)


def seen(event: Event, key: str) -> Seen:
    return Seen(id_from(example_id("drill"), key), event.occurred_at, 0.0, event)


def lowered(area: str = TOWNSHIP) -> Seen:
    event = RiskLevelChanged(
        area=area, occurred_at=NOON, previous="medium", level="low", reason="order", order=ORDER
    )
    return seen(event, f"lowered:{area}")


def closed(area: str, cause: Seen) -> Seen:
    because = Recorded(cause.id, "alerts", 1, cause.at, cause.event).causes()
    event = CheckpointClosed(
        area=area, occurred_at=NOON, because=because, measure_id=example_id(area)
    )
    return seen(event, f"closed:{area}")


def lines(cascade: Cascade, capsys: pytest.CaptureFixture[str], *found: Seen) -> list[str]:
    for one in found:
        cascade.take(one)
    cascade.print_new()
    return capsys.readouterr().out.splitlines()


@pytest.mark.requirement("V9")
def test_order_is_told_as_the_cause_when_its_event_was_seen(
    cascade: Cascade, capsys: pytest.CaptureFixture[str]
) -> None:
    order = lowered()
    told, follows = lines(cascade, capsys, order, closed("220581001001", order))
    sentence = "风险等级由中风险调整为低风险（依据命令），市指挥部，2021年第3号"
    assert told == f"第 3天 12:00  新华街道  {sentence}：疫情平稳"
    assert follows.startswith("第 3天 12:00  新华街道 ")
    assert follows.endswith(f"撤销进出卡点 ← {sentence}")


def test_kind_of_cause_is_told_when_its_event_was_not_seen(
    cascade: Cascade, capsys: pytest.CaptureFixture[str]
) -> None:
    (line,) = lines(cascade, capsys, closed("220581001001", lowered()))
    assert line.endswith("撤销进出卡点 ← 风险等级")


@pytest.mark.requirement("V9")
def test_places_of_another_level_have_lines_of_their_own_when_alike(
    cascade: Cascade, areas: Areas, capsys: pytest.CaptureFixture[str]
) -> None:
    cause = Cause(
        type="bulwark.intake.case_reported",
        id=example_id("case"),
        area="220581001001",
        occurred_at=NOON,
    )
    proposed = [
        seen(
            RiskLevelProposed(
                area=area,
                occurred_at=NOON,
                because=(cause,),
                proposal_id=example_id(area),
                previous="low",
                level="medium",
                reason="cases",
                policy="2021-01#risk.units.community.medium_at_new",
            ),
            area,
        )
        for area in ("220581001001", TOWNSHIP, "220581")
    ]
    told = lines(cascade, capsys, *proposed)
    places = [f"新华街道 {areas.name('220581001001')}", "新华街道", "梅河口市"]
    assert [line.split("  ")[1] for line in told] == places
    assert not any("×" in line for line in told)


def test_one_line_tells_of_all_places_when_the_clock_alone_is_the_cause(
    cascade: Cascade, areas: Areas, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = areas.communities("220581")
    missed = [
        seen(ReportMissed(area=code, occurred_at=NOON, date=NOON.date()), code) for code in codes
    ]
    (line,) = lines(cascade, capsys, *missed)
    assert line.endswith(f"等({len(codes)} 处)  2021-01-12 日报漏报 ×{len(codes)}")


@pytest.mark.parametrize(("count", "end"), [(2, "(2 处)"), (3, "(3 处)"), (6, "等(6 处)")])
def test_three_places_are_named_when_several_are_alike(
    cascade: Cascade, areas: Areas, capsys: pytest.CaptureFixture[str], count: int, end: str
) -> None:
    order = lowered()
    codes = areas.communities(TOWNSHIP)[:count]
    _, line = lines(cascade, capsys, order, *[closed(code, order) for code in codes])
    named = "、".join(areas.name(code) for code in codes[:3])
    assert f"  新华街道 {named}{end}  撤销进出卡点 ×{count} ← " in line


def test_every_township_is_named_when_places_lie_in_several(cascade: Cascade, areas: Areas) -> None:
    one, other = "220581001001", "220581002001"
    told = f"{cascade.place(one)}、{cascade.place(other)}(2 处)"
    assert cascade.places([other, one]) == told
    assert cascade.places([TOWNSHIP, other[:9]]) == f"新华街道、{areas.name(other[:9])}(2 处)"
    assert cascade.places([one]) == cascade.place(one)


@pytest.mark.requirement("V9")
def test_day_is_told_as_unfinished_when_the_clock_stands_within_it(
    cascade: Cascade, capsys: pytest.CaptureFixture[str]
) -> None:
    due = NOON + dt.timedelta(hours=8)

    def opened(day: int) -> Seen:
        at = NOON + dt.timedelta(days=day)
        event = ReportOpened(area=TOWNSHIP, occurred_at=at, date=at.date(), due_at=due)
        return seen(event, f"opened:{day}")

    assert lines(cascade, capsys, opened(0)) == []
    assert lines(cascade, capsys, opened(1)) == ["第 3天 24:00  —  当日 日报应报 1"]
    cascade.end(NOON + dt.timedelta(days=1, minutes=20))
    assert capsys.readouterr().out.splitlines() == ["第 4天 12:20  —  当日至此 日报应报 1"]


def test_last_day_is_told_whole_when_the_clock_has_left_it(
    cascade: Cascade, capsys: pytest.CaptureFixture[str]
) -> None:
    event = ReportOpened(area=TOWNSHIP, occurred_at=NOON, date=NOON.date(), due_at=NOON)
    assert lines(cascade, capsys, seen(event, "opened")) == []
    cascade.end(NOON + dt.timedelta(hours=12))
    assert capsys.readouterr().out.splitlines() == ["第 3天 24:00  —  当日 日报应报 1"]
