"""The response of wide areas through HTTP: a township inside its county, and everything undone. D2.

The tests change the level of a whole county, a small one, and leave it low again.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bulwark.data_folder import Folder
from shared.areas.loading import load_areas
from shared.events.alerts.checkpoints import CheckpointClosed, CheckpointOpened
from shared.events.alerts.elections import ElectionPaused
from shared.events.alerts.response import ResponseEnded, ResponseStarted
from shared.events.alerts.risk import RiskLevelChanged
from shared.events.alerts.service_plans import ServicePlanChanged
from tests.services.alerts.gatherings import about, election, problem
from tests.services.alerts.risk_steps import happened, order, state
from tests.support.areas import write_areas
from tests.support.harness import COUNTY, Node, PostgresServer, new_id

TOWNSHIP = "220581104"
INSIDE = [f"{TOWNSHIP}{number}" for number in (200, 201, 202)]
GRID, OTHER_GRID = f"{INSIDE[0]}001", f"{INSIDE[0]}002"
OUTSIDE = "220581103201"
AREAS = [
    "22",
    "2205",
    COUNTY,
    TOWNSHIP,
    *INSIDE,
    GRID,
    OTHER_GRID,
    "220581103",
    "220581103200",
    OUTSIDE,
]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def county(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Node]:
    """A node whose county has two townships with five communities in all."""
    folder: Path = tmp_path_factory.mktemp("county")
    postgres: PostgresServer | None = None
    if request.param == "postgres":
        postgres = request.getfixturevalue("postgres")

    def prepare(instance: Folder) -> None:
        instance.areas.unlink()
        names = ((code, f"测试{code}") for code in AREAS)
        load_areas(write_areas(folder / "areas.csv", names), instance.areas)

    node = Node(folder / "node", postgres)
    node.start(prepare)
    yield node
    node.stop()


@pytest.fixture
def node(county: Node) -> Iterator[Node]:
    """The node, where no test leaves a level behind."""
    yield county
    for area in (TOWNSHIP, COUNTY):
        if state(county, area)["own_level"] != "low":
            order(county, area, "low")


def in_force(node: Node, area: str) -> dict[str, dict[str, Any]]:
    found = state(node, area)["measures"]
    return {one["kind"]: one for one in found if one["status"] != "ended"}


@pytest.mark.requirement("D2")
def test_every_community_has_the_measures_when_its_county_is_medium(node: Node) -> None:
    head = node.runtime("alerts").writer.head
    order(node, COUNTY, "medium")
    made = [recorded for recorded in node.logged("alerts") if recorded.sequence > head]
    communities = node.instance.site.areas.communities(COUNTY)
    (changed,) = [r for r in made if isinstance(r.data, RiskLevelChanged)]
    assert Counter(r.data.area for r in made if r.data.because) == Counter(
        {**dict.fromkeys(communities, 9), COUNTY: 1}
    )
    assert {r.data.because[-1].id for r in made if r.data.because} == {changed.id}
    found = in_force(node, COUNTY)
    assert {one["communities"] for one in found.values()} == {len(communities)}
    assert set(in_force(node, TOWNSHIP)) == set(found) == set(in_force(node, OUTSIDE))
    assert in_force(node, TOWNSHIP)["notice"]["communities"] == len(INSIDE)


@pytest.mark.requirement("D2")
def test_grid_is_told_of_its_community_s_measures_and_its_own(node: Node) -> None:
    order(node, TOWNSHIP, "high")
    community = state(node, INSIDE[0])
    assert state(node, GRID)["measures"] == community["measures"]
    command = node.client("command")
    for grid in (GRID, OTHER_GRID):
        sealing = {"id": new_id(), "reason": "按照部署"}
        assert command.post(f"/alerts/areas/{grid}/sealing", sealing).status_code == 201
    found = state(node, GRID)["measures"]
    assert {one["area"] for one in found} == {INSIDE[0], GRID}
    own = [one["kind"] for one in found if one["area"] == GRID]
    assert (own, len(found)) == (["sealing"], len(community["measures"]) + 1)
    lifted = {"id": new_id(), "reason": "解除", "action": "lift"}
    assert command.post(f"/alerts/areas/{TOWNSHIP}/sealing", lifted).status_code == 201
    left = [one for one in state(node, GRID)["measures"] if one["area"] == GRID]
    assert [one["status"] for one in left] == ["ended"]


@pytest.mark.requirement("A4")
def test_level_is_refused_with_the_field_when_it_is_ordered_for_a_grid(node: Node) -> None:
    command = node.client("command")
    head = node.runtime("alerts").writer.head
    for level in ("medium", "low"):
        body = {"level": level, "reason": "出现病例"}
        problem(command.put(f"/alerts/areas/{GRID}/risk-level", body), 422, "code")
        problem(command.post(f"/alerts/areas/{GRID}/risk-level/preview", body), 422, "code")
    assert node.runtime("alerts").writer.head == head


@pytest.mark.requirement("P5")
def test_why_tells_the_order_when_a_measure_of_the_whole_county_is_asked_about(node: Node) -> None:
    order(node, COUNTY, "medium")
    for one in in_force(node, COUNTY).values():
        told = node.client("command").get(f"/alerts/why/{one['id']}")
        assert told.status_code == 200
        assert told.json()["chain"][0]["type"] == "bulwark.alerts.risk_level_changed"


@pytest.mark.requirement("D2")
def test_township_keeps_its_own_when_the_county_around_it_is_lowered(node: Node) -> None:
    order(node, COUNTY, "medium")
    before = in_force(node, INSIDE[0])
    order(node, TOWNSHIP, "high")
    inside, outside = in_force(node, INSIDE[0]), in_force(node, OUTSIDE)
    assert inside["service_plan"]["parameters"] == {"plan": "emergency"}
    assert outside["service_plan"]["parameters"] == {"plan": "strengthened"}
    assert "sealing" in inside
    assert "sealing" not in outside
    assert inside["checkpoint"] == before["checkpoint"]

    order(node, COUNTY, "low")
    after = in_force(node, INSIDE[0])
    assert {one["id"] for one in after.values()} == {one["id"] for one in inside.values()}
    assert in_force(node, OUTSIDE) == {}
    assert state(node, INSIDE[0])["service_plan"] == "emergency"

    order(node, TOWNSHIP, "low")
    assert in_force(node, INSIDE[0]) == {}
    ends = [happened(node, ResponseEnded, area)[-1].data for area in (TOWNSHIP, COUNTY)]
    starts = [happened(node, ResponseStarted, area)[-1].data for area in (TOWNSHIP, COUNTY)]
    assert [one.response_id for one in ends] == [one.response_id for one in starts]


@pytest.mark.requirement("D2")
def test_measures_name_the_order_that_holds_them_when_the_first_one_is_lifted(node: Node) -> None:
    order(node, COUNTY, "medium")
    order(node, TOWNSHIP, "medium")
    before = in_force(node, INSIDE[0])
    head = node.runtime("alerts").writer.head
    order(node, COUNTY, "low")
    made = [r.data for r in node.logged("alerts") if r.sequence > head]
    assert INSIDE[0] not in {event.area for event in made}
    after = in_force(node, INSIDE[0])
    ordered = happened(node, RiskLevelChanged, TOWNSHIP)[-1]
    response = happened(node, ResponseStarted, TOWNSHIP)[-1].data.response_id
    assert {one["response_id"] for one in after.values()} == {response}
    for kind, one in after.items():
        assert (one["id"], one["since"]) == (before[kind]["id"], before[kind]["since"])
        assert one["because"][-1]["id"] == ordered.id
        assert one["because"][-1]["policy"] == one["line"] == f"2021-01#measures.medium.{kind}"
    order(node, TOWNSHIP, "low")
    assert in_force(node, INSIDE[0]) == {}
    closed = happened(node, CheckpointClosed, INSIDE[0])[-1]
    assert closed.data.response_id == response


@pytest.mark.requirement("D2")
def test_county_measures_stay_when_a_township_inside_it_is_lowered(node: Node) -> None:
    order(node, COUNTY, "medium")
    order(node, TOWNSHIP, "high")
    order(node, TOWNSHIP, "low")
    assert set(in_force(node, INSIDE[1])) == set(in_force(node, OUTSIDE))
    assert state(node, INSIDE[1])["service_plan"] == "strengthened"
    plans = [recorded.data.plan for recorded in happened(node, ServicePlanChanged, INSIDE[1])]
    assert plans[-3:] == ["strengthened", "emergency", "strengthened"]
    closed = happened(node, CheckpointClosed, INSIDE[1])
    assert len(happened(node, CheckpointOpened, INSIDE[1])) == len(closed) + 1


@pytest.mark.requirement("D2")
def test_nothing_is_in_force_when_the_county_is_low_again(node: Node) -> None:
    order(node, COUNTY, "high")
    order(node, COUNTY, "low")
    for area in (COUNTY, TOWNSHIP, INSIDE[2], OUTSIDE):
        found = state(node, area)
        assert {one["status"] for one in found["measures"]} == {"ended"}
        assert found["service_plan"] == "everyday"


@pytest.mark.requirement("D4")
def test_election_of_a_township_is_paused_by_the_township_when_its_county_is_medium(
    node: Node,
) -> None:
    vote = election(node, TOWNSHIP)
    order(node, COUNTY, "medium")
    paused = [r.data for r in about(node, vote) if isinstance(r.data, ElectionPaused)]
    assert [event.area for event in paused] == [TOWNSHIP]
    assert paused[0].measure_id is not None
    assert paused[0].because[-1].policy == "2021-01#measures.medium.election_pause"
    told = node.client("command").get(f"/alerts/why/{paused[0].measure_id}")
    assert told.status_code == 200
    assert state(node, TOWNSHIP)["service_plan"] == "strengthened"


@pytest.mark.requirement("P6")
def test_preview_counts_every_community_when_a_county_is_previewed(node: Node) -> None:
    command = node.client("it")
    order(node, TOWNSHIP, "high")
    told = command.post(f"/alerts/areas/{COUNTY}/risk-level/preview", {"level": "medium"}).json()
    total = len(node.instance.site.areas.communities(COUNTY)) - len(INSIDE)
    assert told["totals"]["checkpoint"] == {"start": total, "change": 0, "end": 0}
    assert len(told["measures"]) == 9 * total
    assert {one["area"][:9] for one in told["measures"]}.isdisjoint({TOWNSHIP})
    lowered = command.post(f"/alerts/areas/{TOWNSHIP}/risk-level/preview", {"level": "medium"})
    assert lowered.json()["totals"]["service_plan"] == {"start": 0, "change": len(INSIDE), "end": 0}
    assert lowered.json()["totals"]["sealing"] == {"start": 0, "change": 0, "end": len(INSIDE)}
