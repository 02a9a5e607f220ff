"""Service plans and registered people, whichever is heard of first: the requests they make. D8."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from services.volunteers.helpers import fevers
from services.volunteers.matching import handlers as matching
from services.volunteers.plans import domain
from services.volunteers.plans.domain import EVERYDAY, Made, Plan, Wanted
from services.volunteers.plans.tables import PlanChange
from services.volunteers.register import handlers as register
from services.volunteers.register.domain import Registered
from services.volunteers.requests import handlers as requests
from services.volunteers.requests import plan_made
from services.volunteers.requests.domain import Request
from services.volunteers.requests.plan_made import Planned
from shared.events.alerts.service_plans import PlannedService, ServicePlanChanged
from shared.events.base import Cause, Event
from shared.events.causes import dump, load, merge
from shared.events.envelope import Recorded
from shared.events.intake.people import PersonErased, PersonRegistered, PersonUpdated
from shared.events.volunteers.helpers import HelperStoodDown
from shared.writer.handlers import Tx


@dataclass(frozen=True, slots=True)
class Trigger:
    """The event on which requests are looked at again: its causes, and why it takes any back.

    `reason` is None when the event itself does not say: then it is what the plan now says.
    """

    causes: tuple[Cause, ...]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class History:
    """The plans of a community in their order, and the causes of each by its event."""

    plans: Sequence[Plan]
    causes: dict[str, list[dict[str, object]]]


def plan_changed(tx: Tx, recorded: Recorded[ServicePlanChanged]) -> Iterable[Event]:
    """A community's plan changed: make and take back requests for everybody registered there."""
    event = recorded.data
    if tx.session.get(PlanChange, recorded.id) is not None:
        return ()
    tx.session.add(
        PlanChange(
            event_id=recorded.id,
            area=event.area,
            sequence=recorded.sequence,
            at=event.occurred_at,
            plan=event.plan,
            services=[service.model_dump(mode="json") for service in event.services],
            because=dump(recorded.causes()),
        )
    )
    tx.session.flush()
    reason = "plan_ended" if event.plan == EVERYDAY else "plan_changed"
    people = register.people_under(tx.session, event.area)
    return _settle(tx, people, Trigger(recorded.causes(), reason))


def person_changed(tx: Tx, recorded: Recorded[PersonRegistered | PersonUpdated]) -> Iterable[Event]:
    """A person was registered or changed while a plan may be in force."""
    person = register.keep(tx, recorded)
    if person is None:
        return ()
    return _settle(tx, [person], Trigger(recorded.causes(), "no_longer_concerned"))


def person_erased(tx: Tx, recorded: Recorded[PersonErased]) -> Iterable[Event]:
    """A person was erased: their plan's open requests end, their words and fevers are forgotten."""
    person_id = recorded.data.person_id
    register.erase(tx, recorded)
    requests.forget_person(tx, person_id)
    fevers.forget_person(tx, person_id)
    return [
        plan_made.withdraw(tx, row, "person_erased", recorded.causes())
        for row in plan_made.of_people(tx.session, [person_id])
        if row.status == "open"
    ]


def helper_gone(tx: Tx, recorded: Recorded[HelperStoodDown]) -> Iterable[Event]:
    """A helper may not serve: what they gave up goes to someone else, or ends when nothing asks
    for it any more, as it would have had it been open all the time."""
    taken = [row for row in matching.take_back(tx, recorded) if row.episode is not None]
    people = register.registered(tx.session, (str(row.person_id) for row in taken))
    known = {person.person_id for person in people}
    erased = [
        plan_made.withdraw(tx, row, "person_erased", recorded.causes())
        for row in taken
        if row.person_id not in known
    ]
    return [*erased, *_settle(tx, people, Trigger(recorded.causes()))]


def _settle(tx: Tx, people: Sequence[Registered], trigger: Trigger) -> list[Event]:
    made: dict[str, list[Request]] = defaultdict(list)
    for row in plan_made.of_people(tx.session, [person.person_id for person in people]):
        made[str(row.person_id)].append(row)
    histories: dict[str, History] = {}
    events: list[Event] = []
    fresh: list[Planned] = []
    for person in people:
        if person.community not in histories:
            histories[person.community] = _history(tx, person.community)
        history = histories[person.community]
        if history.plans or made[person.person_id]:
            events += _settle_one(tx, person, history, made[person.person_id], trigger, fresh)
    events += plan_made.make(tx, fresh)
    matching.run_soon(tx, *{planned.area for planned in fresh})
    return events


def _settle_one(
    tx: Tx,
    person: Registered,
    history: History,
    rows: Sequence[Request],
    trigger: Trigger,
    fresh: list[Planned],
) -> list[Event]:
    made = [_made(row) for row in rows]
    changes = domain.settled(domain.wanted(person, history.plans, made), made)
    by_id = {row.id: row for row in rows}
    reason = trigger.reason or domain.why_unwanted(history.plans)
    events: list[Event] = [
        plan_made.withdraw(tx, by_id[request_id], reason, trigger.causes)
        for request_id in changes.withdraw
    ]
    fresh += [_planned(person, want, history) for want in changes.make]
    for want in changes.keep:
        plan_made.follow(tx, by_id[want.request_id], _planned(person, want, history))
    for want in changes.again:
        again = _planned(person, want, history, trigger.causes[-1])
        events.append(plan_made.make_again(tx, by_id[want.request_id], again))
        matching.run_soon(tx, person.area)
    return events


def _planned(
    person: Registered, want: Wanted, history: History, step: Cause | None = None
) -> Planned:
    """The request with its causes: the plan's, by the service's line, and what brought it back."""
    because = load(history.causes[want.plan.event_id], want.service.policy)
    return Planned(
        want.request_id,
        person.person_id,
        person.area,
        want.kind,
        want.due_at,
        want.plan.event_id,
        because if step is None else merge(because, (step,)),
    )


def _made(row: Request) -> Made:
    return Made(row.id, row.kind, row.status, row.withdrawn, row.ended_at)


def _history(tx: Tx, community: str) -> History:
    query = select(PlanChange).where(PlanChange.area == community)
    rows = tx.session.scalars(query.order_by(PlanChange.sequence)).all()
    plans = [
        Plan(
            row.event_id, row.at, row.plan, tuple(map(PlannedService.model_validate, row.services))
        )
        for row in rows
    ]
    return History(plans, {row.event_id: row.because for row in rows})
