"""Who may read proposals, whose evidence names cases. A4."""

import pytest

from shared.security.roles import Role
from tests.support.harness import Node

READERS = {
    *(Role.RECORDER, Role.HEALTH, Role.COMMAND, Role.ELECTION, Role.LEAD, Role.COORDINATOR),
    Role.IT,
}


@pytest.mark.requirement("A4")
@pytest.mark.parametrize("role", list(Role))
def test_proposals_are_read_when_the_role_has_to_do_with_levels(node: Node, role: Role) -> None:
    answer = node.client(role).get("/alerts/proposals")
    assert answer.status_code == (200 if role in READERS else 403)
