"""What rules and dashboards ask of labels stands in a live `/metrics`. P4."""

import re
from collections.abc import Iterator

import pytest
from prometheus_client import Metric
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.parser import text_string_to_metric_families

from bulwark.registry import SERVICES
from services.alerts.fevers.gauges import FOUND_SECONDS
from shared.metrics import names as metrics
from shared.runtime.gauges import AREA_LABELS
from tests.deploy.watched import FOREIGN, GROUPING, QUOTED, expressions, names_in, rules
from tests.support.harness import Node

pytestmark = pytest.mark.requirement("P4")

COMMUNITY = "220581001001"
# What Prometheus adds to every series, and what every histogram has.
ADDED = {"instance", "job", "le"}
SELECTOR = re.compile(r"([A-Za-z_:][\w:]*)\{([^{}]*)\}")
MATCHER = re.compile(r'(\w+)\s*(=~|!=|!~|=)\s*"((?:[^"\\]|\\.)*)"')
# A server error cannot be had on purpose; its place among the statuses is enough.
NEVER_SEEN = {("status", "5..")}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Metric]]:
    """What a node tells that recorded a fever, took a bulk, and refused somebody."""
    node = Node(tmp_path_factory.mktemp("node"))
    node.start()
    try:
        body = {"area": COMMUNITY, "temperature_c": 38.5, "place_kind": "checkpoint"}
        recorder = node.client("recorder")
        assert recorder.post("/intake/screenings", body).status_code == 201
        assert recorder.post("/intake/screenings/bulk", [body]).status_code == 200
        assert node.anyone.post("/intake/screenings", body).status_code == 401
        node.settle()
        yield list(text_string_to_metric_families(node.anyone.get("/metrics").text))
    finally:
        node.stop()


def declared_labels() -> dict[str, set[str]]:
    """Each metric of the code with its labels, under its name without an ending."""
    found: dict[str, set[str]] = {}
    for one in (*vars(metrics).values(), FOUND_SECONDS):
        if isinstance(one, metrics.GaugeSpec):
            found[one.name] = set(one.labels)
        elif isinstance(one, MetricWrapperBase):
            found[one._name] = set(one._labelnames)
    for service in SERVICES.values():
        found.update({gauge.name: set(AREA_LABELS) for gauge in service.gauges})
    return found


def source_of(name: str) -> str | None:
    """The metric that a series comes of, without its ending; None when it is not of our code."""
    recorded = {rule["record"]: rule["expr"] for rule in rules("record")}
    if name in recorded:
        names = names_in(recorded[name]) - {name}
        return source_of(min(names - FOREIGN))
    if name in FOREIGN:
        return None
    return re.sub(r"_(total|bucket|count|sum)$", "", name)


def matches(how: str, wanted: str, value: str) -> bool:
    """Whether a value is let through, as PromQL would."""
    if how in ("=", "!="):
        return (value == wanted) == (how == "=")
    pattern = wanted.replace("\\\\", "\\")
    return (re.fullmatch(pattern, value) is not None) == (how == "=~")


@pytest.mark.parametrize(("where", "expression"), sorted(expressions()))
def test_every_matcher_lets_a_live_series_through(
    where: str, expression: str, said: list[Metric]
) -> None:
    by_name = {family.name: family for family in said}
    for name, selector in SELECTOR.findall(expression):
        source = source_of(name)
        if source is None:
            continue
        for label, how, wanted in MATCHER.findall(selector):
            assert label in declared_labels()[source] | ADDED, (where, name, label)
            if (label, wanted) in NEVER_SEEN:
                continue
            values = {s.labels[label] for s in by_name[source].samples if label in s.labels}
            assert any(matches(how, wanted, value) for value in values), (where, label, wanted)


@pytest.mark.parametrize(("where", "expression"), sorted(expressions()))
def test_every_grouping_is_by_labels_that_a_series_has(where: str, expression: str) -> None:
    sources = {source_of(name) for name in names_in(expression)}
    if None in sources:
        return
    # What `label_replace` makes, and what a recorded series says at its name's beginning.
    made = {word.strip('"') for word in QUOTED.findall(expression)}
    for name in names_in(expression):
        made.update(name.partition(":")[0].split("_") if ":" in name else ())
    known = set.union(ADDED, made, *(declared_labels()[source] for source in sources if source))
    for grouping in GROUPING.findall(expression):
        labels = re.findall(r"\w+", grouping.partition("(")[2])
        assert set(labels) <= known, where
