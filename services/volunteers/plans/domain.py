"""What a service plan (社区服务预案) wants for a registered person, and what becomes of it. D8.

Everything here is worked out from the facts that stand in the events: what was recorded of the
person and since when, and the plans of the community in their order. Which of them was read first
makes no difference.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from shared.events.alerts.service_plans import PlannedService, ServicePlan
from shared.events.base import id_from
from shared.events.vocabulary import RequestKind

EVERYDAY: ServicePlan = "everyday"


class Person(Protocol):
    """A registered person."""

    @property
    def person_id(self) -> str:
        """The random id."""
        ...

    def concerned_since(
        self, categories: Collection[str], needs: Collection[str]
    ) -> datetime | None:
        """Since when they have one of each; None when they have not."""
        ...


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan that came into force in a community `at` an instant, by an event."""

    event_id: str
    at: datetime
    plan: ServicePlan
    services: tuple[PlannedService, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request that a plan's service wants for a person."""

    request_id: str
    kind: RequestKind
    since: datetime
    due_at: datetime
    plan: Plan
    service: PlannedService


@dataclass(frozen=True, slots=True)
class Made:
    """A request that a plan has made: `ended_at` when people completed or cancelled it."""

    request_id: str
    kind: str
    status: str
    withdrawn: bool
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be made, made again, kept as it now is, and taken back (by its id)."""

    make: tuple[Wanted, ...] = ()
    again: tuple[Wanted, ...] = ()
    keep: tuple[Wanted, ...] = ()
    withdraw: tuple[str, ...] = ()


def in_force(history: Sequence[Plan]) -> Sequence[Plan]:
    """The plans since the last everyday one, in their order: those that build on each other."""
    starts = [place for place, plan in enumerate(history) if plan.plan == EVERYDAY]
    return history[starts[-1] :] if starts else history


def wanted(person: Person, history: Sequence[Plan], made: Iterable[Made]) -> tuple[Wanted, ...]:
    """What the plan in force wants for a person: one request of a kind, the soonest due.

    A kind that an earlier plan already wanted without a break keeps that plan's request, unless
    the person came after that plan, or its request was done before the next one began.
    """
    plans = in_force(history)
    if not plans:
        return ()
    ended = {
        one.request_id: one.ended_at
        for one in made
        if one.ended_at is not None and not one.withdrawn
    }
    by_plan = [_soonest(person, plan) for plan in plans]
    return tuple(_first_asked(kind, plans, by_plan, ended) for kind in by_plan[-1])


def settled(wants: Sequence[Wanted], made: Sequence[Made]) -> Changes:
    """How the requests made so far become what is wanted now.

    What people have been given stays, and stands for its kind; what people ended stays ended.
    """
    by_id = {one.request_id: one for one in made}
    in_hand = {one.kind for one in made if one.status in ("matched", "started")}
    wanted_ids = {want.request_id for want in wants}
    free = [want for want in wants if want.kind not in in_hand]
    return Changes(
        make=tuple(want for want in free if want.request_id not in by_id),
        again=tuple(
            want for want in free if want.request_id in by_id and by_id[want.request_id].withdrawn
        ),
        keep=tuple(
            want
            for want in free
            if want.request_id in by_id and by_id[want.request_id].status == "open"
        ),
        withdraw=tuple(
            one.request_id
            for one in made
            if one.status == "open" and one.request_id not in wanted_ids
        ),
    )


def why_unwanted(history: Sequence[Plan]) -> str:
    """Why a plan's request is wanted no more, told from the plans alone."""
    runs = bool(history) and history[-1].plan != EVERYDAY
    return "no_longer_concerned" if runs else "plan_ended"


def _soonest(person: Person, plan: Plan) -> dict[RequestKind, Wanted]:
    found: dict[RequestKind, Wanted] = {}
    for service in plan.services:
        since = person.concerned_since(service.categories, service.needs)
        if since is None:
            continue
        due_at = max(plan.at, since) + timedelta(hours=service.due_hours)
        if service.kind not in found or due_at < found[service.kind].due_at:
            request_id = id_from(plan.event_id, f"{person.person_id}:{service.kind}")
            found[service.kind] = Wanted(request_id, service.kind, since, due_at, plan, service)
    return found


def _first_asked(
    kind: RequestKind,
    plans: Sequence[Plan],
    by_plan: Sequence[Mapping[RequestKind, Wanted]],
    ended: Mapping[str, datetime],
) -> Wanted:
    last = len(plans) - 1
    first = last
    while first > 0 and kind in by_plan[first - 1]:
        first -= 1
    for place in range(first, last):
        want, until = by_plan[place][kind], plans[place + 1].at
        done_at = ended.get(want.request_id)
        if want.since < until and (done_at is None or done_at >= until):
            return want
    return by_plan[last][kind]
