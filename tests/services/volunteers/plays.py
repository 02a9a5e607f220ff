"""Events of intake and alerts, applied by hand in one order and another, and what they leave."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from hypothesis import strategies as st
from sqlalchemy import delete, select

from services.volunteers.helpers.tables import Helper, PersonFever
from services.volunteers.main import SERVICE
from services.volunteers.plans.tables import PlanChange
from services.volunteers.register.tables import Resident
from services.volunteers.requests import steps
from services.volunteers.requests.tables import AssistanceRequest
from services.volunteers.schema import Table
from shared.clock.clock import CST
from shared.database.engine import Database
from shared.database.types import core
from shared.events.alerts.fevers import AlertResolved, FeverDetected
from shared.events.alerts.risk import RiskLevelChanged
from shared.events.alerts.service_plans import PlannedService, ServicePlanChanged
from shared.events.base import Cause, Event
from shared.events.envelope import encode, parse
from shared.events.intake.people import PersonErased, PersonRegistered, PersonUpdated
from shared.events.vocabulary import NEEDS
from shared.events.volunteers.requests import AssistanceCancelled, AssistanceRequested
from shared.inbox.applying import Batch
from shared.inbox.dead_letters import dead_letters
from shared.inbox.entry import Entry
from shared.site import Site
from shared.writer.log import events as log
from shared.writer.transaction import Transaction
from shared.writer.writer import Writer

START = datetime(2021, 1, 18, 8, tzinfo=CST)
PLACES = ("220581001001", "220581001001001", "220581001002")
PEOPLE = tuple(str(uuid5(NAMESPACE_URL, f"person {number}")) for number in range(2))
HELPERS = tuple(str(uuid5(NAMESPACE_URL, f"helper {number}")) for number in range(2))
ALERTS = tuple(str(uuid5(NAMESPACE_URL, f"alert {number}")) for number in range(2))
Turns = Sequence[tuple[bool, int]]
Run = tuple[str, Sequence[Entry]]
PLANS = ("strengthened", "emergency", "strengthened", "emergency", "everyday")
CATEGORIES = ("disabled", "chronic_illness")


@dataclass(frozen=True)
class Ground:
    """What every play stands on."""

    site: Site
    database: Database


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
            given = select(row).where(row.status.in_(("matched", "started"))).order_by(row.id)
            return {
                "requests": [
                    (each.id, each.area, each.kind, each.person_id, each.due_at, each.episode)
                    for each in session.scalars(live)
                ],
                "given": [
                    (each.id, each.status, each.helper_id) for each in session.scalars(given)
                ],
                "helpers": [
                    (each.id, each.status, each.reason)
                    for each in session.scalars(select(Helper).order_by(Helper.id))
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


@dataclass(frozen=True)
class Taken:
    """Each person is a helper too, has been given what the other asked for, and began the food."""

    size: int = 1

    def run(self, tx: Transaction, *, isolate: bool) -> None:
        """Register them, and give."""
        tx.caller = None
        row = AssistanceRequest
        for helper_id, own, other in zip(HELPERS, PEOPLE, reversed(PEOPLE), strict=True):
            facts = {"area": PLACES[0], "skills": [], "languages": [], "capacity": 9}
            times = {"registered_at": tx.now, "status_since": tx.now}
            named = Helper(id=helper_id, person_id=own, sealed=b"", status="available")
            for name, value in (*facts.items(), *times.items()):
                setattr(named, name, value)
            tx.session.add(named)
            for each in tx.session.scalars(select(row).where(row.person_id == other)):
                tx.append([steps.give(tx, each, helper_id)])
                if each.kind == "goods":
                    tx.append([steps.start(tx, each)])


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


def played(ground: Ground, runs: Sequence[Run], begun: Sequence[Run] = ()) -> Ended:
    """The end of these runs; whatever their order, what was told makes sense.

    After those that come before them two helpers take what is open.
    """
    volunteers = Volunteers(ground.site, ground.database)
    for source, run in begun:
        volunteers.apply(source, run)
    if begun:
        [done] = volunteers.writer.apply([Taken()]).outcomes
        assert done is None
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
        if document["type"] not in (AssistanceRequested.type, AssistanceCancelled.type):
            continue
        request = document["data"]["request_id"]
        assert last.get(request, AssistanceCancelled.type) != document["type"]
        last[request] = document["type"]


def interleaved(sources: Mapping[str, Sequence[Entry]], turns: Turns) -> list[list[Run]]:
    """One source after the other, the other way round, and by turns: `(intake first, how many)`."""
    runs: list[Run] = []
    left = dict(sources)
    for first, count in turns:
        source = "intake" if first else "alerts"
        runs.append((source, left[source][:count]))
        left[source] = left[source][count:]
    return [list(sources.items()), list(sources.items())[::-1], [*runs, *left.items()]]


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
