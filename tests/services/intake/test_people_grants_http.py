"""A helper reads an address with a grant, and with nothing else (design: people's data). V2."""

import pytest

from shared.security.roles import Role
from tests.support.harness import Client, Node, new_id

AREA = "220581105200"
HELPER = "5b0c9f0e-7c5f-4b56-9f7e-2a3d6c1e8a11"


def registered(node: Node) -> str:
    person = {
        "area": AREA,
        "name": "试验甲",
        "phone": "13812345678",
        "address": "试验街7号",
        "categories": ["living_alone_elderly"],
    }
    made = node.client(Role.RECORDER, AREA).post("/intake/people", person)
    assert made.status_code == 201
    return str(made.json()["id"])


def granted(node: Node, person_id: str, holder: str = HELPER, area: str | None = AREA) -> str:
    return node.instance.site.tokens.mint_grant(holder, person_id, new_id(), 30, area=area)


def helper(node: Node) -> Client:
    return node.client(Role.HELPER, AREA, name=HELPER)


@pytest.mark.requirement("V2")
def test_address_is_told_when_the_helper_shows_the_grant(node: Node) -> None:
    person_id = registered(node)
    path = f"/intake/people/{person_id}/address"
    told = helper(node).get(path, grant=granted(node, person_id))
    assert (told.status_code, told.json()) == (
        200,
        {"name": "试验甲", "phone": "13812345678", "address": "试验街7号"},
    )


def test_address_is_refused_when_the_grant_is_anothers_or_none(node: Node) -> None:
    person_id, other = registered(node), registered_other(node)
    path = f"/intake/people/{person_id}/address"
    for grant in (granted(node, other), granted(node, person_id, "somebody"), "junk"):
        refused = helper(node).get(path, grant=grant)
        assert (refused.status_code, refused.json()["field"]) == (403, "grant")
    of_another = granted(node, person_id, "somebody")
    assert node.client(Role.COORDINATOR, AREA).get(path, grant=of_another).status_code == 200
    assert helper(node).get(path).status_code == 422
    assert node.client(Role.IT, AREA).get(path, grant="x").status_code == 403


def test_address_is_refused_when_help_was_asked_for_elsewhere(node: Node) -> None:
    person_id = registered(node)
    path = f"/intake/people/{person_id}/address"
    for area in ("220581001001", "220581001", f"{AREA[:9]}201"):
        refused = helper(node).get(path, grant=granted(node, person_id, area=area))
        assert (refused.status_code, refused.json()["field"]) == (403, "grant")
    for area in (AREA[:9], "220581", f"{AREA}001"):
        told = helper(node).get(path, grant=granted(node, person_id, area=area))
        assert told.status_code == 200, area


def test_grant_without_an_area_reaches_no_further_than_who_shows_it(node: Node) -> None:
    person_id = registered(node)
    path = f"/intake/people/{person_id}/address"
    grant = granted(node, person_id, area=None)
    assert helper(node).get(path, grant=grant).status_code == 200
    stranger = node.client(Role.COORDINATOR, "220581001001")
    assert stranger.get(path, grant=grant).status_code == 403


def registered_other(node: Node) -> str:
    made = node.client(Role.RECORDER, AREA).post(
        "/intake/people", {"area": AREA, "categories": ["disabled"]}
    )
    return str(made.json()["id"])
