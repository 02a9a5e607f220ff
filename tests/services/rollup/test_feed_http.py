"""The live feed through HTTP. P5."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.events.alerts.fevers import FeverDetected
from shared.events.intake.screenings import ScreeningRecorded
from shared.security.roles import Role
from tests.services.rollup.making import made, tell
from tests.support import declared
from tests.support.harness import PATIENCE, PROGRAM_PATIENCE, Node, eventually, new_id


class Feed:
    """An open stream, read frame by frame."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.iter_lines()

    def frame(self) -> dict[str, str]:
        """The next frame that is not the beginning or a beat."""
        found: dict[str, str] = {}
        for line in self._lines:
            if not line and "event" in found:
                return found
            name, _, value = line.partition(": ")
            if name:
                found[name] = value
        raise AssertionError("the stream ended")

    def told(self) -> dict[str, Any]:
        """The data of the next frame."""
        told: dict[str, Any] = json.loads(self.frame()["data"])
        declared.check_frame(told)
        return told


@contextmanager
def feed(node: Node, area: str, role: str = "command", **params: str) -> Iterator[Feed]:
    headers = {"last-event-id": params.pop("last", "")}
    token = node.instance.site.tokens.mint(Role(role), area, name="desk", days=1)
    if params.pop("by", "header") == "header":
        headers["authorization"] = f"Bearer {token}"
    else:
        params["access_token"] = token
    url = f"http://127.0.0.1:{node.instance.port}/stream"
    with (
        httpx.Client(trust_env=False, timeout=PATIENCE) as client,
        client.stream("GET", url, params=params, headers=headers) as response,
    ):
        assert response.status_code == 200, response.read()
        assert response.headers["content-type"].startswith("text/event-stream")
        # The watcher is there as soon as the head of the answer is.
        yield Feed(response)


def fever(area: str, node: Node) -> FeverDetected:
    return made(FeverDetected, area=area, occurred_at=node.now())


@pytest.mark.requirement("P5")
@pytest.mark.parametrize(
    ("role", "told_of"), [("it", False), ("election", False), ("health", True)]
)
def test_person_is_told_of_to_those_alone_who_may_read_alerts(
    node: Node, role: str, told_of: bool
) -> None:
    area = "220581070103"
    with feed(node, area, role) as watching:
        found = made(FeverDetected, area=area, occurred_at=node.now(), person_id=new_id())
        tell(node, found)
        frame = watching.told()
    assert frame["data"]["alert_id"] == found.alert_id
    assert (str(found.person_id) in str(frame), "37.6" in str(frame)) == (told_of, told_of)
    assert frame["text"]


@pytest.mark.requirement("P5")
@pytest.mark.parametrize("by", ["header", "query"])
def test_event_is_told_in_words_when_it_happens_in_the_area(node: Node, by: str) -> None:
    area = "220581070100"
    with feed(node, area, by=by) as watching:
        tell(node, fever("220581070101", node), fever(area, node))
        frame = watching.frame()
    told = json.loads(frame["data"])
    assert frame["event"] == "fever_detected"
    assert frame["id"] == f"alerts-{told['sequence']}"
    assert (told["type"], told["area"]) == ("bulwark.alerts.fever_detected", area)
    assert told["area_name"] == node.instance.site.areas.full_name(area)
    assert told["data"]["temperature_c"] == 37.6
    assert "37.6" in told["text"]


def test_screenings_come_when_they_are_asked_for_by_name(node: Node) -> None:
    area = "220581070102"
    screening = made(ScreeningRecorded, area=area, occurred_at=node.now(), temperature_c=36.5)
    with feed(node, area) as all_, feed(node, area, types="screening_recorded") as screenings:
        tell(node, screening, fever(area, node))
        assert screenings.told()["type"] == "bulwark.intake.screening_recorded"
        assert all_.told()["type"] == "bulwark.alerts.fever_detected"


def test_rollups_own_events_are_told_when_a_report_is_signed_off(node: Node) -> None:
    area = "220581070103"
    with feed(node, area, types="report_submitted") as watching:
        day = node.now().date()
        path = f"/rollup/reports/{area}/{day}/sign-off"
        assert node.client("lead", area).post(path).status_code == 200
        told = watching.told()
    assert (told["service"], told["data"]["date"]) == ("rollup", day.isoformat())


def test_stream_goes_on_where_it_broke_off_when_the_last_id_is_named(node: Node) -> None:
    area = "220581070300"
    with feed(node, area) as watching:
        tell(node, fever(area, node))
        last = watching.frame()["id"]
    tell(node, fever(area, node), fever(area, node))
    with feed(node, area, last=last) as again:
        ids = [again.frame()["id"], again.frame()["id"]]
    number = int(last.removeprefix("alerts-"))
    assert ids == [f"alerts-{number + 1}", f"alerts-{number + 2}"]
    with feed(node, area, last="alerts-999999") as lost:
        assert lost.frame()["event"] == "gap"


@pytest.mark.parametrize(
    ("role", "params", "status", "field"),
    [
        ("command", {"types": "joy"}, 422, "types"),
        ("command", {"area": "220581999999"}, 422, "area"),
        ("command", {"area": "220581002"}, 403, "area"),
        ("resident", {}, 403, None),
        (None, {}, 401, None),
        (None, {"access_token": "x.y.z"}, 401, None),
    ],
)
def test_problem_is_told_when_a_stream_is_not_to_be_had(
    node: Node, role: str | None, params: dict[str, str], status: int, field: str | None
) -> None:
    caller = node.client(role, "220581070") if role else node.anyone
    answer = caller.get("/stream", **params)
    assert (answer.status_code, answer.json().get("field")) == (status, field)


def test_watcher_is_forgotten_when_the_client_leaves(node: Node) -> None:
    live = node.runtime("rollup").live
    with feed(node, "220581070"):
        eventually(lambda: live.subscribed == 1)
    eventually(lambda: live.subscribed == 0)


def test_services_stop_at_once_when_a_stream_is_open(tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.start()
    try:
        with feed(node, "220581") as watching:
            server = node.instance._server
            assert server is not None
            # The server would wait so long for an answer that does not end.
            server.config.timeout_graceful_shutdown = 10 * int(PROGRAM_PATIENCE)
            node.stop_services()
            assert list(watching.response.iter_raw()) in ([], [b"retry: 2000\n\n"])
    finally:
        node.start_services()
        node.stop()
