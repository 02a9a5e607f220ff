"""A site is backed up while it runs, and restored into a fresh deployment."""

from datetime import datetime
from typing import Any

import pytest

from shared.clock.clock import CST
from tests.compose.conftest import Deploy
from tests.compose.ledger import AREA, Ledger
from tests.compose.stack import Stack
from tests.compose.waiting import eventually

FOLDERS = ("BULWARK_BACKUPS", "BULWARK_KEYS_COPY")
PERSON = "5a3e6a52-6f0c-4a7e-9a57-0d1f7b6f0c11"


@pytest.fixture(scope="module")
def stack(deploy: Deploy) -> Stack:
    """The deployment that is backed up."""
    stack = deploy("first")
    for setting in FOLDERS:
        stack.settings[setting] = str(stack.writable_folder(setting))
    stack.up()
    return stack


def whole_state(stack: Stack) -> dict[str, Any]:
    """What a site answers: figures, measures, the person with her name."""
    day = datetime.now(CST).date().isoformat()
    with stack.client("lead") as lead, stack.client("health") as nurse:
        figures = lead.get(f"/rollup/areas/{AREA}/figures", params={"date": day}).json()["figures"]
        area = lead.get(f"/alerts/areas/{AREA}").json()
        person = nurse.get(f"/intake/people/{PERSON}", params={"reason": "核对"}).json()
    return {"figures": figures, "area": area, "name": person["name"]}


def test_site_answers_as_before_when_its_backup_is_restored_into_a_fresh_one(
    stack: Stack, deploy: Deploy
) -> None:
    ledger = Ledger(stack)
    with stack.client("recorder") as recorder, stack.client("command") as command:
        body = {"id": PERSON, "area": AREA, "name": "演练居民", "categories": ["disabled"]}
        assert recorder.post("/intake/people", json=body).status_code == 201
        order = {"level": "medium", "reason": "演练"}
        command.put(f"/alerts/areas/{AREA}/risk-level", json=order).raise_for_status()
    with ledger.load():
        ledger.wait_for_more(200)
        stack.tools("backup", "/backups/while-it-works", "--keys", "/backup-keys")
    with stack.client("it") as client:
        eventually(lambda: ledger.counted(client)["screenings"] == len(ledger.accepted))
    stack.tools("backup", "/backups/one", "--keys", "/backup-keys", "--rehearse")
    before = whole_state(stack)
    assert before["figures"]["screenings"] == len(ledger.accepted)
    second = deploy("second")
    second.settings |= {setting: stack.settings[setting] for setting in FOLDERS}
    stack.compose("stop")
    # As deploy/README.md says: the databases first, then the restore, then everything.
    second.compose("up", "--detach", "--wait", "postgres")
    said = second.tools("restore", "/backups/one", "--keys", "/backup-keys")
    assert "已恢复" in said
    second.up()
    eventually(lambda: whole_state(second) == before, every=2)
    # And it goes on from there.
    again = Ledger(second)
    with again.load():
        again.wait_for_more()
    with second.client("it") as client:
        total = len(ledger.accepted) + len(again.accepted)
        eventually(lambda: again.counted(client)["screenings"] == total)
