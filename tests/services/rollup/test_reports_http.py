"""Daily reports through HTTP, by the clock. R1."""

from datetime import date, datetime, timedelta
from typing import Any

import httpx
import pytest

from services.rollup.figures.domain import FIGURES
from shared.clock.clock import VirtualClock
from shared.events.alerts.checkpoints import CheckpointOpened
from shared.events.rollup.reports import (
    ReportCorrected,
    ReportExcused,
    ReportMissed,
    ReportOpened,
    ReportSubmitted,
)
from tests.services.rollup.conftest import START
from tests.services.rollup.making import made, tell
from tests.support.harness import COUNTY, Node, new_id

COMMUNITIES = 333


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2021, 3, day, hour, minute, tzinfo=START.tzinfo)


def step_to(node: Node, instant: datetime) -> None:
    """Go on in time, and do what is due by then."""
    assert isinstance(node.clock, VirtualClock)
    node.clock.step_to(max(instant, node.now()))
    node.tick()


def today(node: Node) -> str:
    return node.now().date().isoformat()


def report(node: Node, area: str, day: str | None = None) -> dict[str, Any]:
    answer = node.client("command").get(f"/rollup/reports/{area}/{day or today(node)}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def sign_off(node: Node, area: str, day: str | None = None, **body: Any) -> httpx.Response:
    path = f"/rollup/reports/{area}/{day or today(node)}/sign-off"
    return node.client("lead", area, name="lead-01").post(path, body)


def screen(node: Node, area: str, **changes: Any) -> None:
    body = {"id": new_id(), "area": area, "temperature_c": 36.5, "place_kind": "home", **changes}
    assert node.client("recorder", area).post("/intake/screenings", body).status_code == 201
    node.settle()


@pytest.mark.requirement("R1")
def test_every_community_has_an_open_report_when_the_day_has_begun(timed: Node) -> None:
    opened = [r.data for r in timed.logged("rollup", ReportOpened) if r.data.date == START.date()]
    assert len({event.area for event in opened}) == len(opened) == COMMUNITIES
    assert {event.due_at for event in opened} == {at(1, 18)}
    found = report(timed, "220581001001")
    assert (found["status"], found["zero"], found["late"], found["corrected"]) == (
        "open",
        False,
        False,
        False,
    )
    assert found["deadline"] == at(1, 18).isoformat()
    assert found["figures"] == dict.fromkeys(FIGURES, 0)
    assert found["name"] == timed.instance.site.areas.name("220581001001")


@pytest.mark.requirement("R1")
def test_zero_report_is_submitted_when_nothing_happened_and_it_is_signed_off(timed: Node) -> None:
    area = "220581001002"
    answer = sign_off(timed, area, note="今日无事")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["status"], body["zero"], body["late"]) == ("submitted", True, False)
    assert (body["by"], body["note"]) == ("lead-01", "今日无事")
    event = [r.data for r in timed.logged("rollup", ReportSubmitted) if r.data.area == area][-1]
    assert (event.zero, event.late, event.by) == (True, False, "lead-01")
    assert event.figures == dict.fromkeys(FIGURES, 0)
    again = sign_off(timed, area)
    assert (again.status_code, again.json()["field"]) == (409, "date")


def test_first_answer_comes_again_when_the_same_sign_off_is_sent_twice(timed: Node) -> None:
    body = {"id": new_id()}
    first = sign_off(timed, "220581001003", **body)
    again = sign_off(timed, "220581001003", **body)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json()


@pytest.mark.requirement("R1")
def test_figures_are_frozen_and_corrected_when_late_events_come(timed: Node) -> None:
    area = "220581001004"
    screen(timed, area)
    assert report(timed, area)["figures"]["screenings"] == 1
    assert sign_off(timed, area).json()["zero"] is False
    screen(timed, area)
    found = report(timed, area)
    assert (found["status"], found["corrected"]) == ("submitted", True)
    assert found["figures"]["screenings"] == 2
    assert [(one["revision"], one["changed"]) for one in found["revisions"]] == [
        (1, {"screenings": {"before": 1, "after": 2}})
    ]
    assert found["revisions"][0]["because"][-1]["type"] == "bulwark.intake.screening_recorded"
    event = [r.data for r in timed.logged("rollup", ReportCorrected) if r.data.area == area][-1]
    assert event.changed["screenings"].model_dump() == {"before": 1, "after": 2}
    assert (event.revision, event.figures["screenings"]) == (1, 2)
    assert event.because[-1].type == "bulwark.intake.screening_recorded"


@pytest.mark.requirement("P5")
def test_correction_tells_its_causes_when_why_is_asked(timed: Node) -> None:
    area = "220581001003"
    sign_off(timed, area)
    screen(timed, area)
    corrected = [r for r in timed.logged("rollup", ReportCorrected) if r.data.area == area][-1]
    chain = timed.client("command").get(f"/rollup/why/{corrected.id}").json()["chain"]
    assert [step["type"] for step in chain] == [
        "bulwark.intake.screening_recorded",
        "bulwark.rollup.report_corrected",
    ]


@pytest.mark.requirement("R1")
def test_corrections_gather_when_a_day_goes_on_after_its_sign_off(timed: Node) -> None:
    area = "220581001200"
    sign_off(timed, area)
    for _ in range(5):
        screen(timed, area)
    assert report(timed, area)["figures"]["screenings"] == 1
    step_to(timed, timed.now() + timedelta(seconds=1))
    found = report(timed, area)
    assert [one["changed"]["screenings"] for one in found["revisions"]] == [
        {"before": 0, "after": 1},
        {"before": 1, "after": 5},
    ]
    assert (found["zero"], found["figures"]["screenings"]) == (False, 5)


@pytest.mark.requirement("R1")
def test_later_reports_are_corrected_when_a_standing_figure_changes_in_the_past(
    timed: Node,
) -> None:
    area = "220581001201"
    sign_off(timed, area)
    tell(timed, made(CheckpointOpened, area=area, occurred_at=timed.now() - timedelta(days=2)))
    found = report(timed, area)
    assert found["revisions"][0]["changed"] == {"checkpoints_open": {"before": 0, "after": 1}}
    # Nothing of the day itself happened: it stays a zero report.
    assert found["zero"] is True


def test_problem_names_the_field_when_a_report_is_asked_or_signed_wrongly(timed: Node) -> None:
    lead = timed.client("lead")
    tomorrow = (timed.now() + timedelta(days=1)).date().isoformat()
    day = today(timed)
    for path, field, status in (
        (f"220581001001/{tomorrow}", "date", 422),
        (f"220581001/{day}", "code", 422),
        (f"220581001001/{day}x", "date", 422),
        ("220581001001/2020-12-31", "date", 404),
        (f"220581999999/{day}", "code", 422),
    ):
        answer = lead.post(f"/rollup/reports/{path}/sign-off")
        assert (answer.status_code, answer.json()["field"]) == (status, field), path
    assert lead.get(f"/rollup/reports/220581001001/{tomorrow}").status_code == 404
    assert "12" in lead.get(f"/rollup/reports/220581/{day}").json()["detail"]


def test_403_when_the_role_or_the_area_does_not_allow_it(timed: Node) -> None:
    path = f"/rollup/reports/220581001001/{today(timed)}"
    assert timed.client("recorder").post(f"{path}/sign-off").status_code == 403
    assert timed.client("lead", "220581002").post(f"{path}/sign-off").status_code == 403
    assert timed.client("lead").post(f"{path}/excuse", {"reason": "x"}).status_code == 403
    assert timed.client("resident").get(path).status_code == 403
    assert timed.anyone.get(path).status_code == 401
    assert timed.client("it", "").get(path).status_code == 200


@pytest.mark.requirement("R1")
def test_report_is_missing_then_late_when_its_deadline_passes_unsigned(timed: Node) -> None:
    """And a new day is open after midnight; an excused one is missed no more."""
    area, excused = "220581002001", "220581002002"
    day = timed.now().date()
    path = f"/rollup/reports/{excused}/{day}/excuse"
    answer = timed.client("command", name="duty").post(path, {"reason": "断电"})
    assert (answer.status_code, answer.json()["status"]) == (200, "excused")
    assert timed.client("command").post(path, {"reason": "断电"}).status_code == 409
    event = timed.logged("rollup", ReportExcused)[-1].data
    assert (event.area, event.reason, event.by) == (excused, "断电", "duty")

    step_to(timed, at(day.day, 18))
    missed = [r.data for r in timed.logged("rollup", ReportMissed) if r.data.date == day]
    submitted = {r.data.area for r in timed.logged("rollup", ReportSubmitted)}
    assert len(missed) == COMMUNITIES - len(submitted) - 1
    assert area in {event.area for event in missed}
    assert excused not in {event.area for event in missed}
    assert report(timed, area)["status"] == "missing"

    step_to(timed, at(day.day, 18, 1))
    body = sign_off(timed, area).json()
    assert (body["status"], body["late"]) == ("submitted", True)

    step_to(timed, at(day.day + 1, 0))
    opened = [r for r in timed.logged("rollup", ReportOpened) if r.data.date == timed.now().date()]
    assert len(opened) == COMMUNITIES
    assert report(timed, area)["status"] == "open"


@pytest.mark.requirement("R1")
def test_yesterdays_report_is_corrected_when_a_screening_comes_late(timed: Node) -> None:
    area = "220581070100"
    signed_day = today(timed)
    sign_off(timed, area)
    step_to(timed, at(timed.now().day + 1, 9))
    screen(timed, area, occurred_at=(timed.now() - timedelta(days=1)).isoformat())
    found = report(timed, area, signed_day)
    assert found["revisions"][0]["changed"] == {"screenings": {"before": 0, "after": 1}}
    assert report(timed, area)["figures"]["screenings"] == 0


@pytest.mark.requirement("R1")
def test_reports_are_listed_by_area_day_and_status_when_asked(timed: Node) -> None:
    area = "220581071"
    communities = timed.instance.site.areas.communities(area)
    screen(timed, communities[0])
    sign_off(timed, communities[0])
    command = timed.client("command")
    asked = {"area": area, "date": today(timed)}
    items = command.get("/rollup/reports", **asked).json()["items"]
    assert [item["area"] for item in items] == communities
    assert items[0]["status"] == "submitted"
    assert items[0]["figures"] == {"screenings": 1, "fevers": 0, "alerts": 0, "cases": 0}
    submitted = command.get("/rollup/reports", **asked, status="submitted").json()
    assert [item["area"] for item in submitted["items"]] == communities[:1]
    assert submitted["next"] is None
    assert command.get("/rollup/reports", status="lost").json()["field"] == "status"


def test_list_goes_on_where_it_ended_when_a_cursor_is_given(timed: Node) -> None:
    command = timed.client("command", "220581072")
    seen: list[tuple[str, str]] = []
    cursor: dict[str, str] = {}
    while True:
        body = command.get("/rollup/reports", limit=7, **cursor).json()
        seen.extend((item["date"], item["area"]) for item in body["items"])
        if body["next"] is None:
            break
        cursor = {"cursor": body["next"]}
    days = (timed.now().date() - START.date()).days + 1
    assert len(set(seen)) == len(seen) == days * 10
    assert seen == sorted(seen, reverse=True)


@pytest.mark.requirement("R1")
def test_days_are_opened_and_missed_when_the_services_were_down(timed: Node) -> None:
    timed.stop_services()
    before = timed.now()
    assert isinstance(timed.clock, VirtualClock)
    timed.clock.step_to(at(before.day + 3, 9))
    timed.start_services()
    timed.tick()
    days = [before.date() + timedelta(days=n) for n in range(1, 4)]
    opened = [r.data for r in timed.logged("rollup", ReportOpened)]
    assert [sum(event.date == day for event in opened) for day in days] == [COMMUNITIES] * 3
    statuses = [report(timed, "220581001001", day.isoformat())["status"] for day in days]
    assert statuses == ["missing", "missing", "open"]
    step_to(timed, at(days[-1].day + 1, 0))
    assert report(timed, "220581001001")["date"] == (days[-1] + timedelta(days=1)).isoformat()


def test_report_is_of_the_county_when_listed_without_an_area(timed: Node) -> None:
    body = timed.client("command", COUNTY).get("/rollup/reports", date=today(timed), limit=500)
    assert len(body.json()["items"]) == COMMUNITIES
    assert date.fromisoformat(body.json()["items"][0]["date"]) == timed.now().date()
