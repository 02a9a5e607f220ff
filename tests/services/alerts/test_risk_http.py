"""Levels and situations through HTTP and the real bus: proposed, ordered, refused. A3, A4."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from sqlalchemy import select

from shared.events.alerts.risk import (
    RiskLevelChanged,
    RiskLevelDeclined,
    RiskLevelProposed,
    SituationChanged,
)
from shared.events.intake.cases import CaseReported
from shared.security.audit import entries, verify
from tests.services.alerts.risk_steps import happened, order, proposals, report, report_again, state
from tests.support.harness import COUNTY, Node, new_id

TAKEN: defaultdict[Node, "count[int]"] = defaultdict(lambda: count(1))


@pytest.fixture
def area(node: Node) -> str:
    """A community for one test alone, with its township."""
    areas = node.instance.site.areas
    township = areas.children(COUNTY)[next(TAKEN[node])]
    return areas.communities(township.code)[0]


@pytest.fixture(scope="module", autouse=True)
def nothing_set_aside(node: Node) -> Iterator[None]:
    """No event may be set aside along the way."""
    yield
    assert node.dead("alerts") == []


@pytest.mark.requirement("A4")
def test_level_is_proposed_with_its_evidence_when_a_local_case_is_confirmed(
    node: Node, area: str
) -> None:
    case = report(node, area)
    (proposal,) = proposals(node, area)
    line = "2021-01#risk.units.community.medium_at_new"
    assert (proposal["previous"], proposal["level"]) == ("low", "medium")
    assert (proposal["reason"], proposal["evidence"]) == ("cases", [case])
    assert proposal["policy"] == line
    (event,) = happened(node, RiskLevelProposed, area)
    assert event.data.proposal_id == proposal["id"]
    (reported,) = [r for r in node.logged("intake", CaseReported) if r.data.case_id == case]
    assert event.data.because == reported.causes(line)
    assert len(proposals(node, area[:9])) == len(proposals(node, COUNTY)) == 1
    found = state(node, area)
    assert (found["risk_level"], found["own_level"]) == ("low", "low")
    assert (found["policy"], found["policy_line"]) == ("2021-01", None)
    assert found["since"] is None


@pytest.mark.requirement("A4")
@pytest.mark.parametrize(
    "facts",
    [
        {"origin": "imported"},
        {"setting": "isolation_site"},
        {"status": "suspected"},
        {"status": "asymptomatic"},
        {"confirmed_on": "2020-12-01"},
    ],
)
def test_nothing_is_proposed_when_a_case_does_not_count(
    node: Node, area: str, facts: dict[str, Any]
) -> None:
    report(node, area, **facts)
    assert proposals(node, area, None) == []


@pytest.mark.requirement("A4")
def test_level_is_made_and_causes_travel_when_the_command_accepts_a_proposal(
    node: Node, area: str
) -> None:
    case = report(node, area)
    (proposal,) = proposals(node, area)
    path = f"/alerts/proposals/{proposal['id']}/decision"
    command = node.client("command", area, name="指挥部")
    assert command.post(path, {"accept": True}).json()["field"] == "reason"
    assert command.post(path, {"accept": True, "reason": " "}).json()["field"] == "reason"
    assert node.client("health").post(path, {"accept": True, "reason": "x"}).status_code == 403
    body = {
        "id": new_id(),
        "accept": True,
        "reason": "同意",
        "issuer": "市指挥部",
        "document": "3号",
    }
    answer = command.post(path, body)
    assert (answer.status_code, answer.json()["status"]) == (200, "accepted")
    assert command.post(path, body).json() == answer.json()
    assert command.post(path, {"accept": False, "reason": "x"}).status_code == 409
    (changed,) = happened(node, RiskLevelChanged, area)
    assert (changed.data.previous, changed.data.level) == ("low", "medium")
    assert (changed.data.reason, changed.data.evidence) == ("order", (case,))
    assert changed.data.proposal_id == proposal["id"]
    assert changed.data.order.text == "同意"
    assert (changed.data.order.issuer, changed.data.order.document) == ("市指挥部", "3号")
    assert [cause.type for cause in changed.data.because] == [
        "bulwark.intake.case_reported",
        "bulwark.alerts.risk_level_proposed",
    ]
    found = state(node, area)
    assert (found["risk_level"], found["own_level"]) == ("medium", "medium")
    assert (found["policy"], found["policy_line"]) == ("2021-01", proposal["policy"])
    assert found["since"] == changed.data.occurred_at.isoformat()
    why = node.client("command").get(f"/alerts/why/{proposal['id']}").json()
    assert [step["type"].split(".")[-1] for step in why["chain"]] == [
        "case_reported",
        "risk_level_proposed",
        "risk_level_changed",
    ]


@pytest.mark.requirement("A4")
def test_proposal_counts_as_accepted_when_the_level_is_ordered_outright(
    node: Node, area: str
) -> None:
    report(node, area)
    (proposal,) = proposals(node, area)
    order(node, area, "medium")
    assert [item["status"] for item in proposals(node, area, None)] == ["accepted"]
    (changed,) = happened(node, RiskLevelChanged, area)
    assert changed.data.proposal_id == proposal["id"]


@pytest.mark.requirement("A4")
def test_level_stays_when_the_command_refuses_a_proposal(node: Node, area: str) -> None:
    case = report(node, area)
    (proposal,) = proposals(node, area)
    path = f"/alerts/proposals/{proposal['id']}/decision"
    answer = node.client("command").post(path, {"accept": False, "reason": "已转运, 无接触者"})
    assert (answer.status_code, answer.json()["status"]) == (200, "declined")
    (declined,) = happened(node, RiskLevelDeclined, area)
    assert declined.data.order.text == "已转运, 无接触者"
    assert happened(node, RiskLevelChanged, area) == []
    report_again(node, case, status="confirmed", setting="household")
    assert proposals(node, area) == []
    report(node, area)
    assert len(proposals(node, area)) == 1


@pytest.mark.requirement("A4")
def test_proposal_is_replaced_and_withdrawn_when_the_cases_change(node: Node, area: str) -> None:
    first = report(node, area, status="suspected")
    report_again(node, first, status="confirmed")
    linked = first
    for _ in range(4):
        assert [item["level"] for item in proposals(node, area)] == ["medium"]
        linked = report(node, area, linked_to=[linked])
    (high,) = proposals(node, area)
    assert (high["level"], len(high["evidence"])) == ("high", 5)
    assert [item["status"] for item in proposals(node, area, None)] == ["open", "superseded"]
    report_again(node, linked, status="confirmed", origin="imported")
    assert [item["level"] for item in proposals(node, area)] == ["medium"]
    assert len(happened(node, RiskLevelProposed, area)) == 3


@pytest.mark.requirement("A4")
def test_proposal_is_withdrawn_without_a_word_when_its_case_turns_out_imported(
    node: Node, area: str
) -> None:
    case = report(node, area)
    report_again(node, case, status="confirmed", origin="imported")
    assert [item["status"] for item in proposals(node, area, None)] == ["withdrawn"]
    assert len(happened(node, RiskLevelProposed, area)) == 1


@pytest.mark.requirement("A4")
def test_level_is_the_strongest_above_when_only_the_township_was_ordered(
    node: Node, area: str
) -> None:
    township = area[:9]
    body = {"issuer": "市指挥部", "document": "2021年第3号"}
    ordered = order(node, township, "high", **body)
    assert (ordered["area"], ordered["risk_level"]) == (township, "high")
    areas = node.instance.site.areas
    assert ordered["name"] == areas.name(township)
    assert ordered["full_name"] == areas.full_name(township)
    found = state(node, area)
    assert (found["risk_level"], found["own_level"]) == ("high", "low")
    assert found["since"] == ordered["since"]
    assert (found["policy"], found["policy_line"]) == ("2021-01", "2021-01#mode")
    (changed,) = happened(node, RiskLevelChanged, township)
    assert (changed.data.reason, changed.data.evidence) == ("order", ())
    assert changed.data.because == ()
    assert changed.data.order.document == "2021年第3号"
    assert happened(node, RiskLevelChanged, area) == []
    order(node, township, "low")
    assert state(node, area)["risk_level"] == "low"


@pytest.mark.requirement("A4")
def test_known_cases_lead_to_no_proposal_when_an_order_stands_above_them(
    node: Node, area: str
) -> None:
    first = report(node, area)
    order(node, area, "medium")
    order(node, area, "low", reason="已连续核酸阴性")
    report_again(node, first, status="recovered")
    assert proposals(node, area) == []
    assert state(node, area)["risk_level"] == "low"
    second = report(node, area)
    (proposal,) = proposals(node, area)
    assert proposal["level"] == "medium"
    assert set(proposal["evidence"]) == {first, second}


@pytest.mark.requirement("A4")
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reason": None}, "reason"),
        ({"reason": ""}, "reason"),
        ({"reason": "  "}, "reason"),
        ({"level": "extreme"}, "level"),
        ({"level": None}, "level"),
        ({"effective_at": "2021-01-18T08:00:00"}, "effective_at"),
        ({"until": "2021-01-18T08:00:00+08:00"}, "until"),
        ({"levle": "low"}, "levle"),
    ],
)
def test_order_is_refused_by_field_when_it_is_incomplete(
    node: Node, changes: dict[str, Any], field: str
) -> None:
    body = {"level": "high", "reason": "决定", **changes}
    body = {key: value for key, value in body.items() if value is not None}
    before = node.runtime("alerts").writer.head
    answer = node.client("command").put("/alerts/areas/220581001001/risk-level", body)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert answer.headers["content-type"] == "application/problem+json"
    assert node.runtime("alerts").writer.head == before


@pytest.mark.requirement("A4")
def test_audit_tells_who_ordered_and_decided_when_levels_are_made(node: Node, area: str) -> None:
    report(node, area)
    (proposal,) = proposals(node, area)
    township = node.client("command", area[:9], name="镇指挥部")
    decision = {"accept": False, "reason": "待复核"}
    township.post(f"/alerts/proposals/{proposal['id']}/decision", decision)
    body = {"level": "high", "reason": "从严", "issuer": "县"}
    township.put(f"/alerts/areas/{area}/risk-level", body)
    with node.runtime("alerts").database.reading() as session:
        query = select(entries).where(entries.c.actor == "镇指挥部").order_by(entries.c.sequence)
        rows = session.execute(query).all()
        assert verify(session.connection()).ok
    assert [(row.action, row.subject, row.reason) for row in rows] == [
        ("risk_level.proposal_declined", proposal["id"], "待复核"),
        ("risk_level.ordered", area, "从严"),
    ]


def test_order_is_refused_when_the_area_or_the_role_is_wrong(node: Node) -> None:
    body = {"level": "high", "reason": "决定"}
    path = "/alerts/areas/220581001001/risk-level"
    assert node.client("health").put(path, body).status_code == 403
    assert node.client("command", "220581002").put(path, body).status_code == 403
    unknown = node.client("command").put("/alerts/areas/220581999/risk-level", body)
    assert (unknown.status_code, unknown.json()["field"]) == (422, "code")
    assert node.client("command").get("/alerts/areas/220581999").status_code == 422
    missing = f"/alerts/proposals/{new_id()}/decision"
    answer = node.client("command").post(missing, {"accept": True, "reason": "x"})
    assert (answer.status_code, answer.json()["field"]) == (404, "proposal_id")


@pytest.mark.requirement("A3")
def test_situation_changes_when_cases_of_unknown_source_are_found(node: Node, area: str) -> None:
    assert state(node, area)["situation"] == "no_cases"
    first = report(node, area, origin="unknown")
    assert state(node, area)["situation"] == "cases_or_outbreak"
    second = report(node, area, origin="unknown")
    assert state(node, area)["situation"] == "spread"
    assert state(node, area[:9])["situation"] == "spread"
    report_again(node, second, status="confirmed", origin="local", linked_to=[first])
    changes = [r.data for r in happened(node, SituationChanged, area)]
    assert [(one.previous, one.situation) for one in changes] == [
        ("no_cases", "cases_or_outbreak"),
        ("cases_or_outbreak", "spread"),
        ("spread", "cases_or_outbreak"),
    ]
    assert set(changes[1].evidence) == {first, second}
    assert changes[1].policy == "2021-01#situations.spread.unknown_origin_cases"
    assert changes[1].because[0].policy == changes[1].policy


def test_every_proposal_is_listed_once_when_a_list_is_read_page_by_page(
    node: Node, area: str
) -> None:
    communities = node.instance.site.areas.communities(area[:9])[:3]
    for community in communities:
        report(node, community)
    command, cursor, seen = node.client("command", area[:9]), None, []
    while True:
        asked = {"limit": 2, "status": "open", **({"cursor": cursor} if cursor else {})}
        answer = command.get("/alerts/proposals", **asked).json()
        seen += [item["area"] for item in answer["items"]]
        cursor = answer["next"]
        if cursor is None:
            break
    assert sorted(seen) == sorted([area[:9], *communities])
