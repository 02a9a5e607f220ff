"""Figures through HTTP and the real bus. R4, R3."""

from datetime import timedelta
from typing import Any

import pytest

from services.rollup.figures.domain import FIGURES
from shared.events.alerts.checkpoints import CheckpointClosed, CheckpointOpened
from shared.events.volunteers.requests import AssistanceRequested
from tests.services.rollup.making import made, tell
from tests.support.harness import Node, new_id


def figures(node: Node, area: str, **params: Any) -> dict[str, int]:
    answer = node.client("it", "").get(f"/rollup/areas/{area}/figures", **params)
    assert answer.status_code == 200, answer.text
    found: dict[str, int] = answer.json()["figures"]
    return found


def screen(node: Node, area: str, **changes: Any) -> str:
    body = {"id": new_id(), "area": area, "temperature_c": 36.5, "place_kind": "home", **changes}
    answer = node.client("recorder", area).post("/intake/screenings", body)
    assert answer.status_code == 201, answer.text
    return str(body["id"])


@pytest.mark.requirement("R4")
@pytest.mark.requirement("R3")
def test_figures_add_up_the_tree_when_screenings_are_recorded(node: Node) -> None:
    first, second = "220581070101", "220581070102"
    above = ("220581070", "220581", "2205", "22")
    reachable = [area for area in above if node.instance.site.areas.exists(area)]
    before = {area: figures(node, area)["screenings"] for area in reachable}
    screen(node, first)
    screen(node, first, temperature_c=None, unmeasured_reason="设备故障")
    screen(node, second)
    node.settle()
    assert figures(node, first)["screenings"] == 2
    assert figures(node, first)["unmeasured"] == 1
    assert figures(node, second)["screenings"] == 1
    after = {area: figures(node, area)["screenings"] for area in reachable}
    assert after == {area: count + 3 for area, count in before.items()}


@pytest.mark.requirement("I1")
def test_screening_leaves_the_day_it_was_counted_in_when_it_is_voided(node: Node) -> None:
    area = "220581071101"
    yesterday = node.now() - timedelta(days=1)
    late = screen(node, area, occurred_at=yesterday.isoformat())
    screen(node, area)
    node.settle()
    on = yesterday.date().isoformat()
    assert figures(node, area, date=on)["screenings"] == 1
    assert figures(node, area)["screenings"] == 1
    path = f"/intake/screenings/{late}/void"
    assert node.client("recorder", area).post(path, {"reason": "重复"}).status_code == 200
    node.settle()
    assert figures(node, area, date=on)["screenings"] == 0
    today = figures(node, area)
    assert (today["screenings"], today["screenings_voided"]) == (1, 1)


def test_standing_figure_holds_on_later_days_when_nothing_changed_it(node: Node) -> None:
    area = "220581072101"
    opened = made(CheckpointOpened, area=area, occurred_at=node.now() - timedelta(days=3))
    asked = made(AssistanceRequested, area=area, occurred_at=node.now(), kind="goods")
    tell(node, opened, asked)
    today = node.now().date()
    by_day = {n: (today - timedelta(days=n)).isoformat() for n in range(5)}
    found = [figures(node, area, date=by_day[n])["checkpoints_open"] for n in (0, 1, 2, 3, 4)]
    assert found == [1, 1, 1, 1, 0]
    assert figures(node, area)["requests_open"] == 1
    closed = made(
        CheckpointClosed,
        area=area,
        measure_id=opened.measure_id,
        occurred_at=node.now() - timedelta(days=1),
    )
    tell(node, closed)
    found = [figures(node, area, date=by_day[n])["checkpoints_open"] for n in (0, 1, 2, 3, 4)]
    assert found == [0, 0, 1, 1, 0]


def test_every_figure_is_there_as_zero_when_nothing_happened(node: Node) -> None:
    answer = node.client("lead", "220581002").get("/rollup/areas/220581002001/figures")
    body = answer.json()
    name = node.instance.site.areas.name("220581002001")
    assert (body["area"], body["name"]) == ("220581002001", name)
    assert body["date"] == node.now().date().isoformat()
    assert body["figures"] == dict.fromkeys(FIGURES, 0)


@pytest.mark.parametrize(
    ("area", "day", "field", "status"),
    [
        ("220581999999", "2021-03-01", "code", 422),
        ("nowhere", "2021-03-01", "code", 422),
        ("220581100001", "2021-03-01", "code", 403),
        ("220581001001", "yesterday", "date", 422),
    ],
)
def test_problem_names_the_field_when_figures_are_asked_wrongly(
    node: Node, area: str, day: str, field: str, status: int
) -> None:
    answer = node.client("lead", "220581001").get(f"/rollup/areas/{area}/figures", date=day)
    assert (answer.status_code, answer.json()["field"]) == (status, field)


@pytest.mark.parametrize("role", ["helper", "resident", "subscriber"])
def test_403_when_the_role_may_not_read_figures(node: Node, role: str) -> None:
    assert node.client(role).get("/rollup/areas/220581/figures").status_code == 403
    assert node.anyone.get("/rollup/areas/220581/figures").status_code == 401
