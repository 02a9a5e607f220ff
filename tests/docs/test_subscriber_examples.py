"""The subscribers of docs/subscribing.md, run as their readers would, against a real site."""

import asyncio
import json
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from shared.events import schema as contract
from shared.events.alerts.fevers import FeverDetected
from tests.docs.subscribing import (
    EXAMPLES,
    Asked,
    Site,
    Start,
    every_fault,
    faststream,
    from_a_date,
    no_instant,
    plain,
    quiet_for_long,
    refusing_broker,
    restored_site,
    running,
)
from tests.support.harness import PROGRAM_PATIENCE, Node

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


@BOTH
def test_program_ends_at_once_when_it_is_to_begin_at_no_instant(
    start: Start, tmp_path: Path
) -> None:
    no_instant(start, tmp_path)


@BOTH
def test_program_ends_when_its_place_means_another_event(
    site: Site, start: Start, tmp_path: Path
) -> None:
    restored_site(site, start, tmp_path)


@BOTH
def test_place_moves_on_when_there_is_nothing_of_ours_for_long(
    site: Site, start: Start, tmp_path: Path
) -> None:
    quiet_for_long(site, start, tmp_path)


@BOTH
def test_program_ends_when_its_connection_is_closed_for_good(start: Start, tmp_path: Path) -> None:
    with (
        refusing_broker() as url,
        running(*start(Asked(url, tmp_path / "place.json"))) as program,
    ):
        assert program.exit_code != 0
        assert "closed for good" in "".join(program.complained)


def test_stream_is_asked_again_when_the_place_has_just_grown_too_old(tmp_path: Path) -> None:
    program = runpy.run_path(str(EXAMPLES / "python" / "subscriber.py"))
    (tmp_path / "place.json").write_text(json.dumps({"sequence": 7, "id": "last"}))
    place = program["Place"](tmp_path / "place.json")

    def info(first: int) -> SimpleNamespace:
        state, config = SimpleNamespace(first_seq=first), SimpleNamespace(name="ALERTS")
        return SimpleNamespace(state=state, config=config, created="once")

    class Server:
        async def stream_info(self, _name: str) -> SimpleNamespace:
            return info(8)

    def is_last(before: SimpleNamespace) -> bool:
        return bool(asyncio.run(program["is_last"](Server(), before, place, 9, {"id": "next"})))

    with pytest.raises(ConnectionError, match="begins later"):
        is_last(info(5))
    assert not is_last(info(8))


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
        timeout=PROGRAM_PATIENCE,
        check=False,
    )
    assert done.returncode == 1
    assert json.loads(done.stdout) == real
    assert "'hot' is not of type 'number'" in done.stderr
    assert real["dataschema"] == contract.schema_of(FeverDetected)["$id"]


FAILING: dict[Start, str] = {
    plain: """
import sys
from pathlib import Path

text = Path(sys.argv[1]).read_text().replace("print(json.dumps", "raise TimeoutError('own work') #")
sys.argv = sys.argv[1:]
exec(compile(text, "subscriber.py", "exec"))
""",
    faststream: """
import subscriber_faststream as example

async def handle(event):
    raise TimeoutError("own work")

example.handle = handle
app = example.app
""",
}


@BOTH
def test_program_ends_and_keeps_its_place_when_its_own_work_fails(
    site: Site, start: Start, tmp_path: Path
) -> None:
    sent = site.fevers(1)
    site.node.settle()
    command, told = start(Asked(site.url, tmp_path / "place.json"))
    (tmp_path / "failing.py").write_text(FAILING[start])
    if start is plain:
        failing = [command[0], str(tmp_path / "failing.py"), *command[1:]]
    else:
        failing = [str(tmp_path) if one == str(EXAMPLES / "python") else one for one in command]
        failing[-1] = "failing:app"
    path = {"PYTHONPATH": str(EXAMPLES / "python")}
    with running(failing, {**told, **path}) as program:
        assert program.exit_code != 0
        assert "own work" in "".join(program.complained)
    assert not (tmp_path / "place.json").exists()
    with running(command, told) as program:
        program.until(sent)
