"""What a service plan wants for whom. D8."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from services.volunteers.plans.domain import Made, Plan, Wanted, in_force, settled, wanted
from services.volunteers.register.domain import Registered
from shared.clock.clock import CST
from shared.events.alerts.service_plans import PlannedService, ServicePlan
from shared.events.base import id_from
from shared.events.vocabulary import RequestKind

HERE = "220581001001"
START = datetime(2021, 1, 18, 8, tzinfo=CST)


def after(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def service(
    kind: RequestKind, due_hours: float, *, needs: tuple[str, ...] = (), name: str = "one"
) -> PlannedService:
    return PlannedService.model_validate(
        {
            "service": name,
            "kind": kind,
            "needs": needs,
            "due_hours": due_hours,
            "policy": f"2021-01#services.strengthened.{name}",
        }
    )


def plan(hours: float, *services: PlannedService, name: ServicePlan = "strengthened") -> Plan:
    return Plan(str(uuid4()), after(hours), name, services)


def someone(hours: float = 0, *needs: str) -> Registered:
    since = after(hours)
    return Registered(str(uuid4()), HERE, since, {}, dict.fromkeys(needs, since))


FOOD = service("goods", 24, needs=("food",))
MEDICINE = service("medicine", 12, needs=("medicine",))
EVERYDAY = plan(50, name="everyday")


def only(wants: tuple[Wanted, ...]) -> Wanted:
    assert len(wants) == 1
    return wants[0]


@pytest.mark.requirement("D8")
def test_request_is_derived_from_plan_person_and_kind_when_concerned() -> None:
    person, now = someone(0, "food"), plan(10, FOOD, MEDICINE)
    want = only(wanted(person, [now], []))
    assert want.request_id == id_from(now.event_id, f"{person.person_id}:goods")
    assert (want.kind, want.due_at) == ("goods", after(34))


def test_due_counts_from_the_registration_when_the_plan_was_there_before() -> None:
    assert only(wanted(someone(20, "food"), [plan(10, FOOD)], [])).due_at == after(44)


@pytest.mark.requirement("D8")
def test_soonest_due_is_taken_when_two_services_make_one_kind() -> None:
    chronic = service("medicine", 24, name="chronic")
    want = only(wanted(someone(0, "medicine"), [plan(0, chronic, MEDICINE)], []))
    assert (want.service, want.due_at) == (MEDICINE, after(12))


def test_nothing_is_wanted_when_no_plan_was_ever_changed_or_it_ended() -> None:
    person = someone(0, "food")
    assert wanted(person, [], []) == ()
    assert wanted(person, [plan(10, FOOD), EVERYDAY], []) == ()


def test_plans_before_the_last_everyday_one_do_not_count_when_it_is_raised_again() -> None:
    first, again = plan(10, FOOD), plan(60, FOOD)
    assert in_force([first, EVERYDAY, again]) == [EVERYDAY, again]
    want = only(wanted(someone(0, "food"), [first, EVERYDAY, again], []))
    assert want.plan == again


@pytest.mark.requirement("D8")
def test_first_plan_keeps_its_request_when_a_stronger_one_wants_the_same() -> None:
    first, second = plan(10, FOOD), plan(20, service("goods", 6), name="emergency")
    person = someone(0, "food")
    assert only(wanted(person, [first, second], [])).plan == first
    # Who came under the second plan is asked for by it.
    assert only(wanted(someone(21, "food"), [first, second], [])).plan == second


def test_next_plan_asks_anew_when_the_first_one_s_request_was_done_before_it() -> None:
    first, second = plan(10, FOOD), plan(20, FOOD, name="emergency")
    person = someone(0, "food")
    request_id = only(wanted(person, [first], [])).request_id
    done_before = Made(request_id, "goods", "completed", withdrawn=False, ended_at=after(15))
    done_after = Made(request_id, "goods", "completed", withdrawn=False, ended_at=after(25))
    assert only(wanted(person, [first, second], [done_before])).plan == second
    assert only(wanted(person, [first, second], [done_after])).plan == first


def test_break_begins_a_new_request_when_the_plan_between_did_not_want_it() -> None:
    plans = [plan(10, FOOD), plan(20, MEDICINE), plan(30, FOOD)]
    assert only(wanted(someone(0, "food"), plans, [])).plan == plans[2]


def made(want: Wanted, status: str, *, withdrawn: bool = False) -> Made:
    ended = after(40) if status in ("completed", "cancelled") else None
    return Made(want.request_id, want.kind, status, withdrawn, ended)


@pytest.mark.requirement("D8")
def test_changes_follow_the_status_when_wants_meet_what_was_made() -> None:
    person = someone(0, "food")
    want = only(wanted(person, [plan(10, FOOD)], []))
    assert settled([want], []).make == (want,)
    assert settled([want], [made(want, "open")]).keep == (want,)
    assert settled([want], [made(want, "cancelled", withdrawn=True)]).again == (want,)
    for status in ("matched", "started", "completed", "cancelled"):
        changes = settled([want], [made(want, status)])
        assert (changes.make, changes.again, changes.keep, changes.withdraw) == ((), (), (), ())


@pytest.mark.requirement("D8")
def test_only_what_is_open_is_taken_back_when_the_plan_ends() -> None:
    want = only(wanted(someone(0, "food"), [plan(10, FOOD)], []))
    assert settled([], [made(want, "open")]).withdraw == (want.request_id,)
    for status in ("matched", "started", "completed", "cancelled"):
        assert settled([], [made(want, status)]).withdraw == ()


def test_no_second_request_of_a_kind_is_made_when_one_is_in_hand() -> None:
    person = someone(0, "food")
    old = only(wanted(person, [plan(10, FOOD)], []))
    new = only(wanted(person, [plan(10, FOOD), EVERYDAY, plan(60, FOOD)], []))
    assert settled([new], [made(old, "matched")]).make == ()
    assert settled([new], [made(old, "completed")]).make == (new,)
