"""`/metrics` of running services: figures by community, the process's own, and what it costs."""

import datetime as dt
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import update

from bulwark.registry import SERVICES
from services.rollup.reports.tables import Report
from shared.clock.clock import CST, VirtualClock
from shared.metrics import names as metrics
from tests.support.harness import Node, PostgresServer, new_id

pytestmark = pytest.mark.requirement("P4")

START = datetime(2021, 1, 18, 9, 0, tzinfo=CST)
LABELLED = (metrics.RELAY_LAG, metrics.READER_LAG, metrics.POOL_IN_USE, metrics.STREAM_BYTES)
COMMUNITY, TOWNSHIP, OTHER = "220581001001", "220581002", "220581001003"


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def node(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Node]:
    postgres: PostgresServer | None = None
    if request.param == "postgres":
        postgres = request.getfixturevalue("postgres")
    node = Node(tmp_path_factory.mktemp("node"), postgres, clock=VirtualClock(START))
    node.start()
    yield node
    node.stop()


def families(node: Node) -> dict[str, Metric]:
    """What `/metrics` says by name; each name stands once, and every look is a new one."""
    for gauges in node.instance._front._gauges:
        for look in (gauges._log, gauges._streams, gauges._areas, gauges._own):
            look._cache_seconds = 0.0
    answer = node.anyone.get("/metrics")
    assert answer.status_code == 200
    found = list(text_string_to_metric_families(answer.text))
    assert len({family.name for family in found}) == len(found)
    return {family.name: family for family in found}


def by_area(node: Node, name: str) -> dict[str, float]:
    """A gauge by area."""
    family = families(node).get(name)
    return {} if family is None else {s.labels["area"]: s.value for s in family.samples}


def step(node: Node, **by: float) -> None:
    assert isinstance(node.clock, VirtualClock)
    node.clock.step_to(node.clock.now() + timedelta(**by))
    node.tick()
    node.settle()


def screen(node: Node, area: str, temperature_c: float = 38.5) -> None:
    body = {"area": area, "temperature_c": temperature_c, "place_kind": "checkpoint"}
    assert node.client("recorder").post("/intake/screenings", body).status_code == 201


def test_fevers_are_told_by_community_until_somebody_takes_charge(node: Node) -> None:
    screen(node, COMMUNITY)
    screen(node, COMMUNITY, 36.5)
    step(node, minutes=10)
    screen(node, COMMUNITY)
    screen(node, OTHER)
    node.settle()
    assert by_area(node, "bulwark_fevers_open") == {COMMUNITY: 2, OTHER: 1}
    assert by_area(node, "bulwark_fever_oldest_seconds") == {COMMUNITY: 600, OTHER: 0}
    assert by_area(node, "bulwark_fevers_overdue") == {}
    step(node, minutes=21)
    # The first was not answered in half an hour, and has climbed.
    assert by_area(node, "bulwark_fevers_overdue") == {COMMUNITY: 1}
    health = node.client("health")
    for alert in health.get("/alerts/alerts", area="220581").json()["items"]:
        assert health.post(f"/alerts/alerts/{alert['id']}/acknowledge").status_code == 200
    assert by_area(node, "bulwark_fevers_open") == {}
    assert by_area(node, "bulwark_fevers_overdue") == {}


def test_areas_are_told_with_their_names(node: Node) -> None:
    screen(node, "220581001002")
    node.settle()
    (name,) = {
        sample.labels["area_name"]
        for sample in families(node)["bulwark_fevers_open"].samples
        if sample.labels["area"] == "220581001002"
    }
    assert name == node.instance.site.areas.name("220581001002")


def test_found_seconds_are_counted_when_a_fever_is_logged_and_not_for_others(node: Node) -> None:
    def count() -> float:
        samples = families(node)["bulwark_fever_found_seconds"].samples
        return next(s.value for s in samples if s.name.endswith("_count"))

    before = count()
    screen(node, COMMUNITY)
    screen(node, COMMUNITY, 36.8)
    node.settle()
    assert count() - before == 1


def test_level_is_told_for_every_community_under_an_order_until_it_ends(node: Node) -> None:
    command = node.client("command")
    path = f"/alerts/areas/{TOWNSHIP}/risk-level"
    assert command.put(path, {"level": "high", "reason": "指挥部令"}).status_code == 200
    node.settle()
    communities = node.instance.site.areas.communities(TOWNSHIP)
    assert by_area(node, "bulwark_risk_level") == dict.fromkeys(communities, 2)
    assert by_area(node, "bulwark_checkpoints_open") == dict.fromkeys(communities, 1)
    assert command.put(path, {"level": "low", "reason": "指挥部令"}).status_code == 200
    node.settle()
    assert by_area(node, "bulwark_risk_level") == {}
    assert by_area(node, "bulwark_checkpoints_open") == {}


def test_requests_are_told_while_open_and_when_overdue(node: Node) -> None:
    area = "220581001004"
    due = (node.now() + timedelta(hours=1)).isoformat()
    body = {"id": new_id(), "area": area, "kind": "goods", "due_at": due}
    coordinator = node.client("coordinator")
    assert coordinator.post("/volunteers/requests", body).status_code == 201
    assert by_area(node, "bulwark_requests_open").get(area) == 1
    assert area not in by_area(node, "bulwark_requests_overdue")
    step(node, hours=2)
    assert by_area(node, "bulwark_requests_overdue").get(area) == 1
    cancel = {"reason": "不再需要"}
    answer = coordinator.post(f"/volunteers/requests/{body['id']}/cancel", cancel)
    assert answer.status_code == 200
    assert area not in by_area(node, "bulwark_requests_overdue")


def test_missing_reports_are_told_until_excused(node: Node) -> None:
    day = node.now().date()
    step(node, days=1.5)
    told = by_area(node, "bulwark_reports_missing")
    assert len(told) == len(node.instance.site.areas.communities("22"))
    missing = node.client("command").get("/rollup/reports", area=COMMUNITY, status="missing")
    dates = [one["date"] for one in missing.json()["items"]]
    assert day.isoformat() in dates
    assert told[COMMUNITY] == len(dates)
    for date in dates:
        path = f"/rollup/reports/{COMMUNITY}/{date}/excuse"
        assert node.client("command").post(path, {"reason": "停电"}).status_code == 200
    assert COMMUNITY not in by_area(node, "bulwark_reports_missing")


def test_old_missing_reports_are_told_no_more_when_a_month_has_passed(node: Node) -> None:
    before = by_area(node, "bulwark_reports_missing")
    with node.runtime("rollup").database.write_engine.begin() as connection:
        old = node.now().date() - dt.timedelta(days=31)
        one = update(Report).where(Report.area == OTHER, Report.status == "missing")
        connection.execute(one.values(date=old).where(Report.date == _first_missing(node)))
    assert by_area(node, "bulwark_reports_missing").get(OTHER, 0) == before[OTHER] - 1


def _first_missing(node: Node) -> dt.date:
    listed = node.client("command").get("/rollup/reports", area=OTHER, status="missing")
    return min(dt.date.fromisoformat(one["date"]) for one in listed.json()["items"])


def test_every_gauge_of_the_services_is_told_or_known_to_be_empty(node: Node) -> None:
    said = families(node)
    for service in SERVICES.values():
        for gauge in service.gauges:
            assert gauge.name in said, gauge.name
            assert said[gauge.name].documentation == gauge.meaning
            left = said["bulwark_series_left_out"].samples
            assert {"service": service.name, "gauge": gauge.name} in [s.labels for s in left]
    for told in (*LABELLED, metrics.DRILL, metrics.WRITER_WAITING):
        samples = said[told.name].samples
        assert samples
        assert all(set(sample.labels) == set(told.labels) for sample in samples)


def test_clock_jump_is_told_while_ticks_stand_still(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [s.value for s in families(node)["bulwark_clock_jumped"].samples] == [0]
    monkeypatch.setattr(node.runtime("alerts").ticker, "stopped_by_jump", True)
    assert [s.value for s in families(node)["bulwark_clock_jumped"].samples] == [1]
