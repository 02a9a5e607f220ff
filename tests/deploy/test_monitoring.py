"""Rules, alerts, runbooks and dashboards: they name what there is, and each other. P4."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bulwark.registry import SERVICES
from bulwark.settings import Settings
from deploy.grafana.make_dashboards import COLUMNS, DASHBOARDS, as_json
from deploy.grafana.panels import Dashboard
from tests.deploy.compose_files import whole_services
from tests.deploy.watched import (
    FOREIGN,
    PROMETHEUS,
    cases,
    declared,
    expressions,
    loaded,
    names_in,
    rules,
    series,
)
from tests.support.paths import ROOT

pytestmark = pytest.mark.requirement("P4")

ALERTS = rules("alert")
ALWAYS = "Watchdog"
BY_NAME = {rule["alert"]: rule for rule in ALERTS}


def chinese(text: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text)


def test_names_are_found_in_an_expression_and_words_and_labels_are_not() -> None:
    expression = (
        'sum by (service, le) (rate(a_bucket{le=~"1(\\\\.0)?", x="b_c"}[5m])) / on (area)'
        " group_left max(job:d:rate5m) > 14.4 * 0.001 unless on () min(e_f)"
        " or vector(0) and up == 1"
    )
    assert names_in(expression) == {"a_bucket", "job:d:rate5m", "e_f", "up"}


@pytest.mark.parametrize(("where", "expression"), sorted(expressions()))
def test_every_metric_named_is_told_by_the_code(where: str, expression: str) -> None:
    recorded = {rule["record"] for rule in rules("record")}
    named = names_in(expression)
    assert named or where == ALWAYS, where
    assert named <= series() | recorded | FOREIGN, where


def test_recorded_series_are_used_by_an_alert_or_a_dashboard() -> None:
    used = {name for _, expression in expressions() for name in names_in(expression)}
    unused = {rule["record"] for rule in rules("record")} - used
    # For the desk's own queries: what stands in docs/monitoring.md.
    page = (ROOT / "docs" / "monitoring.md").read_text()
    assert not {name for name in unused if name not in page}


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_alert_says_who_when_and_what_to_do_in_both_languages(name: str) -> None:
    rule = BY_NAME[name]
    assert set(rule["labels"]) == {"severity", "duty"}
    duties = {"it", "desk", "health"}
    assert rule["labels"]["severity"] in ({"always"} if name == ALWAYS else {"urgent", "soon"})
    assert rule["labels"]["duty"] in ({"watchdog"} if name == ALWAYS else duties)
    notes = rule["annotations"]
    assert set(notes) == {"summary_zh", "summary_en", "runbook"}
    assert chinese(notes["summary_zh"])
    assert not chinese(notes["summary_en"])
    page = ROOT / notes["runbook"]
    assert page.stem == name
    chinese_part, _, english_part = page.read_text().partition("\n## ")
    assert chinese(chinese_part)
    assert "怎么办" in chinese_part
    assert "What to do" in english_part


def test_no_page_stands_without_its_alert() -> None:
    pages = {page.stem for page in (ROOT / "docs" / "runbooks").glob("*.md")}
    assert pages == set(BY_NAME)


PAGES = sorted((ROOT / "docs" / "runbooks").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda one: one.stem)
def test_page_can_be_followed_in_containers_when_it_names_a_command_or_a_setting(
    page: Path,
) -> None:
    settings = (ROOT / "deploy" / ".env.example").read_text()
    passed = {name for one in whole_services().values() for name in one.get("environment", {})}
    for name in re.findall(r"BULWARK_[A-Z_]+", page.read_text()):
        assert f"\n{name}=" in settings or name in passed, name
    for part in page.read_text().split("\n## "):
        for command in re.findall(r"`bulwark (\w+)", part):
            assert command == "up" or f"docker compose run --rm tools {command}" in part, command
        # Nothing but the front door has a port outside.
        assert not re.search(r"https?://(?!127\.0\.0\.1|<)", part)


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_alert_is_tested_to_fire_and_not_to_fire(name: str) -> None:
    assert {fires for alert, fires in cases() if alert == name} == (
        {True} if name == ALWAYS else {True, False}
    )


def test_every_receiver_is_told_something_and_every_duty_has_one() -> None:
    config = loaded(ROOT / "deploy" / "alertmanager" / "alertmanager.yml")
    receivers = {receiver["name"] for receiver in config["receivers"]}
    routes = config["route"]["routes"]
    assert {route["receiver"] for route in routes} | {config["route"]["receiver"]} == receivers
    assert {rule["labels"]["duty"] for rule in ALERTS} == receivers


def test_every_alert_that_a_route_or_a_silence_names_exists() -> None:
    config = loaded(ROOT / "deploy" / "alertmanager" / "alertmanager.yml")
    said = [
        matcher.partition("=")[2].strip('~"')
        for rule in config["inhibit_rules"]
        for matcher in (*rule["source_matchers"], *rule["target_matchers"])
    ]
    said += [
        matcher.partition("=")[2].strip('~"')
        for route in config["route"]["routes"]
        for matcher in route["matchers"]
        if matcher.startswith("alertname=")
    ]
    assert {name for names in said for name in names.split("|")} <= set(BY_NAME)


def told_by(**labels: str) -> dict[str, Any]:
    """The first route that takes an alert of these labels, with what it has from the root."""
    root = loaded(ROOT / "deploy" / "alertmanager" / "alertmanager.yml")["route"]
    for route in root["routes"]:
        said = [re.fullmatch(r'(\w+)=(~?)"(.*)"', matcher) for matcher in route["matchers"]]
        if all(
            one and re.fullmatch(one[3] if one[2] else re.escape(one[3]), labels.get(one[1], ""))
            for one in said
        ):
            return {**root, **route}
    return dict(root)


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_second_service_or_township_is_told_within_a_minute_when_the_alert_is_urgent(
    name: str,
) -> None:
    labels = BY_NAME[name]["labels"]
    route = told_by(alertname=name, **labels)
    assert route["receiver"] == labels["duty"]
    if labels["severity"] == "urgent":
        assert route["group_interval"] == "1m"


@pytest.mark.parametrize(
    ("name", "together"),
    [
        ("ServiceDown", ["alertname", "service"]),
        ("StreamBad", ["alertname", "service"]),
        ("BrokerAway", ["alertname"]),
        ("RelayLag", ["alertname"]),
        ("ReaderLag", ["alertname"]),
        ("LeaseNotHeldByOne", ["alertname"]),
        ("WriterStuck", ["alertname"]),
        ("FeverUnanswered", ["alertname", "township"]),
    ],
)
def test_services_are_told_together_when_one_outage_stops_them_all_and_else_apart(
    name: str, together: list[str]
) -> None:
    assert told_by(alertname=name, **BY_NAME[name]["labels"])["group_by"] == together


def test_night_is_kept_from_what_is_for_the_day_and_from_nothing_else() -> None:
    config = loaded(ROOT / "deploy" / "alertmanager" / "alertmanager.yml")
    (hours,) = config["time_intervals"]
    assert [one["location"] for one in hours["time_intervals"]] == ["Asia/Shanghai"]
    for route in config["route"]["routes"]:
        quiet = route.get("active_time_intervals", [])
        assert quiet == ([hours["name"]] if 'severity="soon"' in route["matchers"] else []), route
    soon = {rule["labels"]["duty"] for rule in ALERTS if rule["labels"]["severity"] == "soon"}
    for duty in soon:
        wanted = [f'duty="{duty}"', 'severity="soon"']
        assert wanted in [route["matchers"] for route in config["route"]["routes"]]


def test_prometheus_asks_each_service_where_it_answers() -> None:
    config = loaded(PROMETHEUS / "prometheus.yml")
    jobs = {job["job_name"]: job for job in config["scrape_configs"]}
    (found,) = jobs["bulwark"]["dns_sd_configs"]
    assert sorted(found["names"]) == sorted(SERVICES)
    assert found["port"] == Settings.model_fields["port"].default
    watched = re.findall(r'_connected\{service="(\w+)"', BY_NAME["ServiceDown"]["expr"])
    assert sorted(watched) == sorted(SERVICES)


@pytest.mark.parametrize("name", ["monitoring.md", "monitoring.zh-CN.md"])
def test_every_metric_stands_in_the_page_on_monitoring(name: str) -> None:
    page = (ROOT / "docs" / name).read_text()
    lacking = {name for name in declared() if f"`{name}" not in page}
    assert not lacking
    for alert, rule in BY_NAME.items():
        labels = rule["labels"]
        row = f"[{alert}](runbooks/{alert}.md) | {labels['duty']} | {labels['severity']} |"
        assert row in page, alert
    # What is used of others, but for what Prometheus makes of alerts.
    others = {one for one in FOREIGN if one.islower() and not one.startswith("bulwark_")}
    assert not {one for one in others if f"`{one}`" not in page}


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda one: one.uid)
def test_dashboard_has_chinese_titles_and_no_two_panels_in_one_place(
    dashboard: Dashboard,
) -> None:
    page = as_json(dashboard)
    taken: set[tuple[int, int]] = set()
    numbers = [panel["id"] for panel in page["panels"]]
    assert len(set(numbers)) == len(numbers)
    for panel in page["panels"]:
        assert chinese(panel["title"].partition(" / ")[0])
        assert panel["title"].partition(" / ")[2]
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= COLUMNS
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells


def test_promise_is_red_when_less_is_kept_than_promised() -> None:
    page = as_json(next(one for one in DASHBOARDS if one.uid == "bulwark-health"))
    steps = {
        panel["title"].partition(" / ")[0]: panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
        for panel in page["panels"]
        if panel["type"] == "stat"
    }
    for title, share in (("受理承诺", 0.999), ("发现承诺", 0.99)):
        red, green = steps[title]
        assert (red["color"], red["value"]) == ("red", None)
        assert (green["color"], green["value"]) == ("green", share)


def test_dashboards_are_written_where_grafana_looks_for_them(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "deploy.grafana.make_dashboards", str(tmp_path)]
    subprocess.run(program, check=True, capture_output=True, cwd=ROOT)
    pages = {json.loads(file.read_text())["uid"] for file in tmp_path.glob("*.json")}
    assert pages == {dashboard.uid for dashboard in DASHBOARDS}
    folder = ROOT / "deploy" / "grafana" / "provisioning"
    (source,) = loaded(folder / "datasources" / "prometheus.yml")["datasources"]
    said = json.loads((tmp_path / "bulwark-health.json").read_text())["panels"][1]
    assert said["datasource"]["uid"] == source["uid"]
