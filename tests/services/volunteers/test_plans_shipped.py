"""What the shipped pack's service plans request for registered people. D8."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from services.alerts.service_plans.domain import planned_services
from services.volunteers.plans.domain import Plan, Wanted, wanted
from services.volunteers.register.domain import registered
from shared.clock.clock import CST
from shared.events.alerts.service_plans import SERVICE_PLANS, ServicePlan
from shared.events.examples import example_of
from shared.events.intake.people import PersonRegistered
from shared.events.vocabulary import Category, Need, RequestKind
from shared.policy.pack import load_pack
from tests.support.paths import SHIPPED_PACK

PACK = load_pack(SHIPPED_PACK)
START = datetime(2021, 1, 18, 8, tzinfo=CST)


def requests_of(
    plan: ServicePlan, categories: Iterable[Category], needs: Iterable[Need]
) -> tuple[Wanted, ...]:
    """What volunteers makes of a plan, as alerts tells it, for one registered person."""
    traits = {"categories": tuple(categories), "needs": tuple(needs), "occurred_at": START}
    person = registered(None, example_of(PersonRegistered).model_copy(update=traits))
    return wanted(person, [Plan(str(uuid4()), START, plan, planned_services(plan, PACK))], [])


@pytest.mark.requirement("D8")
def test_medicine_is_requested_once_when_an_old_person_is_chronically_ill() -> None:
    (request,) = requests_of(
        "strengthened", ["living_alone_elderly", "chronic_illness"], ["medicine"]
    )
    assert (request.kind, request.due_at - START) == ("medicine", timedelta(hours=12))
    assert request.service.policy == "2021-01#services.strengthened.medicine_delivery"


@pytest.mark.requirement("D8")
@pytest.mark.parametrize(
    ("category", "need", "kind"),
    [
        ("living_alone_elderly", "medicine", "medicine"),
        ("living_alone_elderly", "food", "goods"),
        ("living_alone_elderly", "care", "elder_care"),
        ("unattended_child", "care", "child_care"),
        ("pregnant", "transport", "errand"),
    ],
)
def test_need_becomes_its_request_when_a_plan_is_strengthened(
    category: Category, need: Need, kind: RequestKind
) -> None:
    for plan in SERVICE_PLANS[1:]:
        made = requests_of(plan, [category], [need])
        assert kind in [request.kind for request in made]


@pytest.mark.requirement("D8")
def test_visit_is_requested_when_nobody_wrote_down_what_a_key_person_needs() -> None:
    made = requests_of("strengthened", ["disabled"], [])
    assert [request.kind for request in made] == ["visit"]
    assert requests_of("strengthened", ["tenant"], []) == ()


@pytest.mark.requirement("D8")
def test_nothing_is_requested_when_the_plan_is_everyday() -> None:
    assert requests_of("everyday", ["living_alone_elderly"], ["medicine"]) == ()


@pytest.mark.requirement("D8")
def test_key_people_get_goods_unasked_when_the_plan_is_emergency() -> None:
    made = requests_of("emergency", ["living_alone_elderly"], [])
    assert {request.kind for request in made} == {"goods", "visit"}
