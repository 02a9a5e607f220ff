"""What the monitoring of deploy/ names: rules, dashboards, and the metrics that the code tells."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from prometheus_client.metrics import MetricWrapperBase
from ruamel.yaml import YAML

from bulwark.registry import SERVICES
from deploy.grafana.make_dashboards import DASHBOARDS
from services.alerts.fevers.gauges import FOUND_SECONDS
from shared.metrics import names as metrics
from tests.support.paths import ROOT

PROMETHEUS = ROOT / "deploy" / "prometheus"
# What others tell: Prometheus itself, Alertmanager, every Python process, and the exporter of NATS.
FOREIGN = {
    "alertmanager_notifications_failed_total",
    "up",
    "ALERTS",
    "process_start_time_seconds",
    "process_resident_memory_bytes",
    "jetstream_server_total_message_bytes",
    "jetstream_server_max_storage",
}
WORDS = {"and", "or", "unless", "by", "on", "without", "ignoring", "group_left", "bool", "inf"}
QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
SELECTOR = re.compile(r"\{[^{}]*\}|\[[^\[\]]*\]")
GROUPING = re.compile(r"\b(?:by|on|without|ignoring|group_left)\s*\([^()]*\)")
NAME = re.compile(r"(?<![\w:.])([A-Za-z_:][\w:]*)\b(?!\s*\()")


def loaded(file: Path) -> Any:
    """What a YAML file says."""
    return YAML(typ="safe", pure=True).load(file.read_text())


def rules(kind: str) -> list[dict[str, Any]]:
    """All rules of a kind, `record` or `alert`."""
    found: list[dict[str, Any]] = []
    for file in sorted((PROMETHEUS / "rules").glob("*.yml")):
        for group in loaded(file)["groups"]:
            found += [rule for rule in group["rules"] if kind in rule]
    return found


def cases() -> Iterator[tuple[str, bool]]:
    """Each case of promtool's tests: which alert, and whether it fires."""
    for file in sorted((PROMETHEUS / "tests").glob("*.yml")):
        for test in loaded(file)["tests"]:
            for one in test.get("alert_rule_test", ()):
                yield one["alertname"], bool(one.get("exp_alerts"))


def names_in(expression: str) -> set[str]:
    """The metrics that a PromQL expression names."""
    bare = GROUPING.sub(" ", SELECTOR.sub(" ", QUOTED.sub(" ", expression)))
    return {name for name in NAME.findall(bare) if name not in WORDS}


def expressions() -> Iterator[tuple[str, str]]:
    """Every expression of rules and dashboards, with where it stands."""
    for kind in ("record", "alert"):
        for rule in rules(kind):
            yield rule[kind], rule["expr"]
    for dashboard in DASHBOARDS:
        for panel in dashboard.panels:
            for query in panel.queries:
                yield f"{dashboard.uid}: {panel.title}", query.expr


def declared() -> dict[str, str]:
    """Each metric of the code with its kind: counter, histogram, gauge."""
    found: dict[str, str] = {}
    for one in (*vars(metrics).values(), FOUND_SECONDS):
        if isinstance(one, metrics.GaugeSpec):
            found[one.name] = "gauge"
        elif isinstance(one, MetricWrapperBase):
            found[one._name] = str(one._type)
    for service in SERVICES.values():
        found.update({gauge.name: "gauge" for gauge in service.gauges})
    return found


@cache
def series() -> frozenset[str]:
    """The names under which the code's metrics stand in Prometheus."""
    found: set[str] = set()
    for name, kind in declared().items():
        if kind == "counter":
            found.add(f"{name}_total")
        elif kind == "histogram":
            found.update(f"{name}_{part}" for part in ("bucket", "count", "sum"))
        else:
            found.add(name)
    return frozenset(found)
