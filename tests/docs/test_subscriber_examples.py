"""The subscribers of docs/subscribing.md, run as their readers would, against a real site."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.events import contract
from shared.events.alerts import FeverDetected
from tests.docs.subscribing import (
    EXAMPLES,
    Asked,
    Site,
    Start,
    every_fault,
    faststream,
    from_a_date,
    plain,
    running,
)
from tests.harness import Node, eventually

pytestmark = pytest.mark.requirement("P2")

BOTH = pytest.mark.parametrize("start", [plain, faststream], ids=["nats-py", "faststream"])


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    node = Node(tmp_path / "site")
    node.start()
    try:
        site = Site(node)
        site.subscribe()
        yield site
    finally:
        node.stop()


@BOTH
def test_every_event_is_read_once_when_program_server_and_stream_come_and_go(
    site: Site, start: Start, tmp_path: Path
) -> None:
    every_fault(site, start, tmp_path)


@BOTH
def test_reading_begins_at_a_date_when_one_is_named(
    site: Site, start: Start, tmp_path: Path
) -> None:
    from_a_date(site, start, tmp_path)


def test_events_pass_the_check_when_they_are_piped_into_it(site: Site, tmp_path: Path) -> None:
    sent = site.fevers(1)
    site.node.settle()
    with running(*plain(Asked(site.url, tmp_path / "place.json"))) as program:
        program.until(sent)
    real = program.said[0]
    broken = {**real, "data": {**real["data"], "temperature_c": "hot"}}
    lines = "".join(f"{json.dumps(one)}\n" for one in (real, broken))
    done = subprocess.run(
        [
            *(sys.executable, str(EXAMPLES / "python" / "check.py")),
            f"http://127.0.0.1:{site.node.instance.port}",
        ],
        input=lines,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert json.loads(done.stdout) == real
    assert "'hot' is not of type 'number'" in done.stderr
    assert real["dataschema"] == contract.schema_of(FeverDetected)["$id"]


FAILING = """
import subscriber_faststream as example

async def handle(event):
    raise RuntimeError("its own work")

example.handle = handle
app = example.app
"""


def test_program_ends_and_keeps_its_place_when_its_own_work_fails(
    site: Site, tmp_path: Path
) -> None:
    sent = site.fevers(1)
    site.node.settle()
    command, told = faststream(Asked(site.url, tmp_path / "place.json"))
    (tmp_path / "failing.py").write_text(FAILING)
    failing = [str(tmp_path) if one == str(EXAMPLES / "python") else one for one in command[:-1]]
    path = {"PYTHONPATH": str(EXAMPLES / "python")}
    with running([*failing, "failing:app"], {**told, **path}) as program:
        eventually(lambda: program.ended, seconds=60)
        assert "its own work" in "".join(program.complained)
    assert not (tmp_path / "place.json").exists()
    with running(command, told) as program:
        program.until(sent)
