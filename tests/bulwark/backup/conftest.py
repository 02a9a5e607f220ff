"""A busy node and a backup of it, made while its services moved on between the copies."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from bulwark.backup.backup import backup
from bulwark.backup.manifest import Manifest
from bulwark.backup.source import Source
from shared.clock.clock import RealClock
from tests.services.rollup.busy_day import AREAS, busy_day
from tests.support.backups import source_of_node
from tests.support.harness import Node, PostgresServer


@dataclass
class Made:
    """A backup, its keys apart, and what it was made of."""

    folder: Path
    keys: Path
    manifest: Manifest
    source: Source
    lines: list[str]
    person: str
    postgres: PostgresServer | None


@pytest.fixture(scope="module")
def made(
    node: Node, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Made:
    """A backup during which everything comes to rest again after each copy, with more events."""
    source = source_of_node(node)
    busy_day(node)
    person = node.client("recorder", AREAS[0]).post(
        "/intake/people", {"area": AREAS[0], "name": "赵六", "categories": ["pregnant"]}
    )
    assert person.status_code == 201, person.text
    node.settle()
    lines: list[str] = []

    def busy_between(line: str) -> None:
        lines.append(line)
        body = {"area": AREAS[0], "place_kind": "checkpoint", "temperature_c": 38.8}
        assert node.client("recorder", AREAS[0]).post("/intake/screenings", body).is_success
        node.settle()

    folder = tmp_path_factory.mktemp("backups") / "one"
    keys = tmp_path_factory.mktemp("keys")
    manifest = backup(source, folder, RealClock(), keys=keys, show=busy_between)
    postgres = None if node.runtime("intake").database.is_sqlite else node.postgres
    return Made(folder, keys, manifest, source, lines, person.json()["id"], postgres)
