"""`bulwark audit verify` on every service's chain."""

from pathlib import Path

import pytest
from sqlalchemy import text

from bulwark.cli import upkeep_commands as commands
from bulwark.cli.upkeep_commands import verify_audits
from tests.support.backups import source_of_node
from tests.support.harness import Node

AREA = "220581001001"


@pytest.fixture
def data(node: Node, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The node's folder, with its databases as the command finds them."""
    monkeypatch.setattr(commands, "source_of", lambda _data: source_of_node(node))
    command = node.client("command", AREA[:9])
    for level in ("medium", "low"):
        path = f"/alerts/areas/{AREA[:9]}/risk-level"
        assert command.put(path, {"level": level, "reason": "演练"}).is_success
    return node.folder.path


def test_first_bad_entry_is_named_when_one_was_tampered_with(
    node: Node, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify_audits(data) == 0
    said = capsys.readouterr().out
    assert said.count("[好 ok]") == 4
    assert "alerts: 2 条" in said
    with node.runtime("alerts").database.write_engine.begin() as connection:
        connection.execute(text("UPDATE audit SET reason = 'nothing' WHERE sequence = 2"))
    assert verify_audits(data) == 1
    said = capsys.readouterr().out
    assert "[要办 DO] alerts: 第 2 条 / entry 2: 内容被改动" in said
    assert said.count("[好 ok]") == 3
    with node.runtime("alerts").database.write_engine.begin() as connection:
        connection.execute(text("UPDATE audit SET reason = '演练' WHERE sequence = 2"))
        connection.execute(text("DELETE FROM audit WHERE sequence = 1"))
    assert verify_audits(data) == 1
    assert "entry 1: 条目缺失" in capsys.readouterr().out
