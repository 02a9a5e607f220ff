"""Any interleaving of intake and alerts ends in the same state. D8."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from bulwark.folder import Folder
from services.volunteers.helpers.tables import PersonFever
from services.volunteers.main import SERVICE
from services.volunteers.plans.tables import PlanChange
from services.volunteers.register.tables import Resident
from services.volunteers.requests.tables import AssistanceRequest
from services.volunteers.schema import Table
from shared.clock import CST, VirtualClock
from shared.db import Database, core
from shared.events import Cause, Event, encode, id_from, parse
from shared.events.alerts import (
    AlertResolved,
    FeverDetected,
    PlannedService,
    RiskLevelChanged,
    ServicePlanChanged,
)
from shared.events.intake import PersonErased, PersonRegistered, PersonUpdated
from shared.events.values import NEEDS
from shared.events.volunteers import AssistanceCancelled, AssistanceRequested
from shared.inbox import Batch, Entry, dead_letters
from shared.log import events as log
from shared.service import Site
from shared.writer import Writer

START = datetime(2021, 1, 18, 8, tzinfo=CST)
PLACES = ("220581001001", "220581001001001", "220581001002")
PEOPLE = tuple(str(uuid5(NAMESPACE_URL, f"person {number}")) for number in range(2))
ALERTS = tuple(str(uuid5(NAMESPACE_URL, f"alert {number}")) for number in range(2))
PLANS = ("strengthened", "emergency", "strengthened", "emergency", "everyday")
CATEGORIES = ("disabled", "chronic_illness")


@dataclass(frozen=True)
class Ground:
    """What every play stands on."""

    site: Site
    database: Database


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = Folder(Path(tmp_path_factory.mktemp("site")))
    folder.prepare()
    site = folder.site("test", VirtualClock(START + timedelta(days=30)))
    database = Database("sqlite:///file:/volunteers?vfs=memdb&uri=true", readers=1)
    with database.write_engine.begin() as connection:
        core.create_all(connection)
        Table.metadata.create_all(connection)
    yield Ground(site, database)
    database.close()
    site.areas.close()
    site.vault.close()


@cache
def services(plan: str) -> tuple[PlannedService, ...]:
    """What each plan runs: some kinds are in both, some in one, one twice."""
    both = [
        ("goods", (), ("food",), 24),
        ("medicine", (), ("medicine",), 12),
        ("medicine", ("chronic_illness",), (), 24),
    ]
    of = {
        "everyday": [],
        "strengthened": [*both, ("elder_care", ("disabled",), (), 12)],
        "emergency": [*both, ("visit", ("disabled",), ("none_recorded",), 48)],
    }
    return tuple(
        PlannedService.model_validate(
            {
                "service": f"service_{number}",
                "kind": kind,
                "categories": categories,
                "needs": needs,
                "due_hours": hours,
                "policy": f"2021-01#services.{plan}.service_{number}",
            }
        )
        for number, (kind, categories, needs, hours) in enumerate(of[plan])
    )


times = st.integers(0, 96).map(lambda hours: START + timedelta(hours=hours))
needs = st.lists(st.sampled_from(NEEDS[:2]), max_size=2, unique=True).map(tuple)
categories = st.lists(st.sampled_from(CATEGORIES), max_size=2, unique=True).map(tuple)


def people_of(model: type[PersonRegistered] | type[PersonUpdated]) -> st.SearchStrategy[Event]:
    return st.builds(
        model,
        area=st.sampled_from(PLACES),
        occurred_at=times,
        person_id=st.sampled_from(PEOPLE),
        categories=categories,
        needs=needs,
    )


erased = st.builds(
    PersonErased,
    area=st.sampled_from(PLACES),
    occurred_at=times,
    person_id=st.sampled_from(PEOPLE),
)
# Most of what happens must leave something standing, or there is nothing to compare.
people_events = st.integers(0, 9).flatmap(
    lambda number: (
        erased if number == 9 else people_of((PersonUpdated, PersonRegistered)[number % 2])
    )
)


def changed(area: str, at: datetime, plan: str) -> ServicePlanChanged:
    cause = Cause(type=RiskLevelChanged.type, id=str(uuid4()), area=area, occurred_at=at)
    return ServicePlanChanged.model_validate(
        {
            "area": area,
            "occurred_at": at,
            "because": (cause,),
            "previous": "everyday",
            "plan": plan,
            "services": services(plan),
        }
    )


def fever(number: int, at: datetime) -> FeverDetected:
    return FeverDetected(
        area=PLACES[0],
        occurred_at=at,
        alert_id=ALERTS[number],
        person_id=PEOPLE[number],
        temperature_c=38,
        respond_by=at,
        policy="2021-01#fever.threshold_c",
    )


plan_changes = st.builds(
    changed, st.sampled_from((PLACES[0], PLACES[2])), times, st.sampled_from(PLANS)
)
fevers = st.builds(fever, st.integers(0, 1), times)
resolutions = st.builds(
    AlertResolved,
    area=st.just(PLACES[0]),
    occurred_at=times,
    alert_id=st.sampled_from(ALERTS),
    outcome=st.sampled_from(("false_alarm", "referred")),
)
alert_events = st.integers(0, 9).flatmap(
    lambda number: fevers if number == 9 else resolutions if number == 8 else plan_changes
)


class Volunteers:
    """The service's handlers on an empty database in memory, fed by hand."""

    def __init__(self, site: Site, database: Database) -> None:
        self.database = database
        self.writer = Writer(SERVICE, site, database)
        self.read = {"intake": 0, "alerts": 0}
        with database.write_engine.begin() as connection:
            for table in (*core.sorted_tables, *Table.metadata.sorted_tables):
                connection.execute(delete(table))

    def apply(self, source: str, entries: Sequence[Entry]) -> None:
        """Apply a run of events of a source."""
        if entries:
            self.writer.apply([Batch(source, self.read[source], entries)])
            self.read[source] = entries[-1].sequence

    def state(self) -> dict[str, Any]:
        """What stands in the end; requests that were taken back again leave nothing behind."""
        row = AssistanceRequest
        with self.database.writing() as session:
            assert session.execute(select(dead_letters)).all() == []
            live = select(row).where(row.status == "open").order_by(row.id)
            return {
                "requests": [
                    (each.id, each.area, each.kind, each.person_id, each.due_at, each.episode)
                    for each in session.scalars(live)
                ],
                "plans": sorted(session.scalars(select(PlanChange.event_id))),
                "residents": [
                    (each.person_id, each.area, each.categories, each.needs, each.erased)
                    for each in session.scalars(select(Resident).order_by(Resident.person_id))
                ],
                "fevers": [
                    (each.alert_id, each.person_id, each.outcome)
                    for each in session.scalars(select(PersonFever).order_by(PersonFever.alert_id))
                ],
            }

    def told(self) -> list[dict[str, Any]]:
        """The documents of the log."""
        with self.database.writing() as session:
            documents = session.execute(select(log.c.document).order_by(log.c.sequence))
            return [parse(bytes(document)) for document in documents.scalars()]


def entries(events: Sequence[Event]) -> list[Entry]:
    """Events as they stand in a stream, numbered from 1."""
    found = []
    for number, event in enumerate(events, start=1):
        own = str(uuid5(NAMESPACE_URL, f"{event.service} {number}"))
        event_id = event.derived_id() if event.because else own
        document = encode(event, event_id, number, START.isoformat(), "test", drill=False)
        found.append(Entry(number, document, parse(document)))
    return found


@dataclass(frozen=True)
class Ended:
    """What a play left: the state, and what was told."""

    state: dict[str, Any]
    told: list[dict[str, Any]]


def played(ground: Ground, runs: Sequence[tuple[str, Sequence[Entry]]]) -> Ended:
    """The end of these runs; whatever their order, what was told makes sense."""
    volunteers = Volunteers(ground.site, ground.database)
    for source, run in runs:
        volunteers.apply(source, run)
    told = volunteers.told()
    assert len({document["id"] for document in told}) == len(told)
    _check_turns(told)
    return Ended(volunteers.state(), told)


def _check_turns(told: Sequence[dict[str, Any]]) -> None:
    """A request is asked for, taken back, asked for again: never twice the same."""
    last: dict[str, str] = {}
    for document in told:
        request = document["data"]["request_id"]
        assert document["type"] in (AssistanceRequested.type, AssistanceCancelled.type)
        assert last.get(request, AssistanceCancelled.type) != document["type"]
        last[request] = document["type"]


@pytest.mark.requirement("D8")
@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(people_events, min_size=1, max_size=6),
    st.lists(alert_events, min_size=1, max_size=6),
    st.lists(st.tuples(st.booleans(), st.integers(1, 3)), max_size=12),
)
def test_state_is_the_same_when_intake_and_alerts_interleave_in_any_way(
    ground: Ground,
    people: list[Event],
    alerts: list[Event],
    turns: list[tuple[bool, int]],
) -> None:
    sources = {"intake": entries(people), "alerts": entries(alerts)}
    runs: list[tuple[str, Sequence[Entry]]] = []
    left = dict(sources)
    for first, count in turns:
        source = "intake" if first else "alerts"
        runs.append((source, left[source][:count]))
        left[source] = left[source][count:]
    mixed = played(ground, [*runs, *left.items()]).state
    assert mixed == played(ground, list(sources.items())).state
    assert mixed == played(ground, list(reversed(sources.items()))).state


def both_orders(ground: Ground, people: list[Event], alerts: list[Event]) -> list[Ended]:
    sources = [("intake", entries(people)), ("alerts", entries(alerts))]
    return [played(ground, sources), played(ground, sources[::-1])]


def known(*needs: str, hours: int = 0, updated: bool = False) -> Event:
    model = PersonUpdated if updated else PersonRegistered
    return model.model_validate(
        {
            "area": PLACES[0],
            "occurred_at": START + timedelta(hours=hours),
            "person_id": PEOPLE[0],
            "needs": needs,
        }
    )


@pytest.mark.requirement("D8")
def test_one_request_of_a_kind_is_made_when_person_and_plan_meet_in_either_order(
    ground: Ground,
) -> None:
    plan = changed(PLACES[0], START + timedelta(hours=5), "strengthened")
    for ended in both_orders(ground, [known("food", "medicine")], [plan]):
        made = ended.state["requests"]
        wanted = {
            id_from(plan.derived_id(), f"{PEOPLE[0]}:{kind}") for kind in ("goods", "medicine")
        }
        assert {request[0] for request in made} == wanted
        assert {request[4] for request in made} == {
            START + timedelta(hours=5 + 24),
            START + timedelta(hours=5 + 12),
        }
        for document in ended.told:
            assert document["data"]["because"][-1]["id"] == plan.derived_id()
            policy = document["data"]["because"][-1]["policy"]
            assert policy.startswith("2021-01#services.strengthened.")


@pytest.mark.requirement("D8")
def test_request_is_asked_for_again_when_a_need_went_and_came_back(ground: Ground) -> None:
    people = [
        known("food"),
        known(hours=10, updated=True),
        known("food", hours=20, updated=True),
    ]
    plan = changed(PLACES[0], START + timedelta(hours=5), "strengthened")
    late, early = both_orders(ground, people, [plan])
    assert late.state == early.state
    assert [len(each.told) for each in (late, early)] == [1, 3]
    assert early.state["requests"][0][4] == START + timedelta(hours=20 + 24)


@pytest.mark.requirement("D8")
def test_requests_follow_when_a_person_moves_or_is_erased(ground: Ground) -> None:
    moved = known("food", hours=10, updated=True).model_copy(update={"area": PLACES[2]})
    plans: list[Event] = [
        changed(PLACES[0], START + timedelta(hours=5), "strengthened"),
        changed(PLACES[2], START + timedelta(hours=6), "emergency"),
    ]
    for ended in both_orders(ground, [known("food"), moved], plans):
        assert [request[1] for request in ended.state["requests"]] == [PLACES[2]]
    erased = PersonErased(area=PLACES[0], occurred_at=START, person_id=PEOPLE[0])
    for ended in both_orders(ground, [known("food"), erased], plans):
        assert ended.state["requests"] == []


@pytest.mark.requirement("D8")
def test_first_request_is_kept_when_the_plan_grows_and_ends_with_it(ground: Ground) -> None:
    plans: list[Event] = [
        changed(PLACES[0], START + timedelta(hours=5), "strengthened"),
        changed(PLACES[0], START + timedelta(hours=8), "emergency"),
    ]
    wanted = id_from(plans[0].derived_id(), f"{PEOPLE[0]}:goods")
    for ended in both_orders(ground, [known("food")], plans):
        assert [request[0] for request in ended.state["requests"]] == [wanted]
    plans.append(changed(PLACES[0], START + timedelta(hours=9), "everyday"))
    early, late = both_orders(ground, [known("food")], plans)
    assert early.state["requests"] == late.state["requests"] == []
    told = early.told[-1]
    assert (told["type"], told["data"]["reason"]) == (AssistanceCancelled.type, "plan_ended")
    assert told["causationid"] == plans[-1].derived_id()
