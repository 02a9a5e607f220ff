"""Why is told to anyone in the area, but for psychological support. P5, V7."""

import pytest

from shared.security.roles import Role
from tests.support.harness import Node, new_id

AREA = "220581105201"


@pytest.mark.requirement("V7")
def test_why_is_told_to_counsellors_alone_when_support_is_psychological(node: Node) -> None:
    id_ = new_id()
    body = {"id": id_, "area": AREA, "kind": "psychological", "text": "睡不着"}
    assert node.client(Role.RESIDENT, AREA).post("/volunteers/requests", body).status_code == 201
    path = f"/volunteers/why/{id_}"
    assert node.client(Role.COUNSELLOR, AREA).get(path).status_code == 200
    for role in (Role.COORDINATOR, Role.IT, Role.HELPER, Role.RECORDER):
        assert node.client(role, AREA).get(path).status_code == 404
