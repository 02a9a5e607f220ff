"""The profile `monitoring`: what it watches is there, and it is behind the front door alone.

BULWARK_TEST_WITHOUT names services whose images cannot be had where the test runs.
"""

import json
import os
from typing import Any

import pytest

from tests.compose.conftest import Deploy
from tests.compose.stack import SERVICES, Stack
from tests.compose.waiting import eventually

WATCHERS = ("prometheus", "alertmanager", "grafana", "nats-exporter")
WITHOUT = os.environ.get("BULWARK_TEST_WITHOUT", "").split()


@pytest.fixture(scope="module")
def stack(deploy: Deploy) -> Stack:
    """The deployment with all that watches it."""
    assert set(WITHOUT) <= set(WATCHERS), "BULWARK_TEST_WITHOUT names a service of the profile"
    stack = deploy("watched")
    stack.up()
    stack.up(*(name for name in WATCHERS if name not in WITHOUT), profile="monitoring")
    return stack


def ask(stack: Stack, path: str) -> Any:
    """What Prometheus answers, asked from inside."""
    url = f"http://127.0.0.1:9090/api/v1/{path}"
    said = stack.compose("exec", "--no-TTY", "prometheus", "wget", "-q", "-O", "-", url)
    return json.loads(said)["data"]


def test_every_service_is_watched_when_prometheus_runs(stack: Stack) -> None:
    def answering() -> set[str]:
        targets = ask(stack, "targets?state=active")["activeTargets"]
        return {one["labels"].get("service", "") for one in targets if one["health"] == "up"}

    eventually(lambda: set(SERVICES) <= answering(), every=2)


def test_alerts_can_be_told_to_somebody_when_prometheus_runs(stack: Stack) -> None:
    found = eventually(lambda: ask(stack, "alertmanagers")["activeAlertmanagers"])
    assert "alertmanager:9093" in found[0]["url"]
    rules = [rule for group in ask(stack, "rules")["groups"] for rule in group["rules"]]
    assert len(rules) > 10
    assert [rule["name"] for rule in rules if rule["health"] == "err"] == []


def test_pages_of_grafana_answer_only_when_it_runs(stack: Stack) -> None:
    with stack.client() as client:
        answer = client.get("/grafana/api/health")
    assert answer.status_code == (502 if "grafana" in WITHOUT else 200)
