"""`bulwark contracts`, and the agreed schemas that keep readers safe."""

import json
import shutil
from pathlib import Path

import pytest

from bulwark.development import contracts
from shared.events import schema as contract
from shared.events.alerts.fevers import FeverDetected
from shared.events.compatibility import breaks_of_all
from tests.support.command import bulwark

ADVICE = "make contract"


@pytest.mark.requirement("P2")
def test_no_reader_breaks_when_the_events_are_compared_with_the_agreed_contract() -> None:
    broken = breaks_of_all(contracts.agreed(contracts.KEPT), contracts.schemas_now())
    assert not broken, f"readers would stumble ({ADVICE} BREAKING=1 if it is meant): {broken}"


def test_agreed_contract_is_this_releases_when_it_was_renewed() -> None:
    assert contracts.agreed(contracts.KEPT) == contracts.schemas_now(), ADVICE


def test_agreed_file_is_what_a_site_serves_when_they_are_compared() -> None:
    fever = (contracts.KEPT / "alerts" / "fever_detected.json").read_bytes()
    assert fever == contract.as_json(contract.schema_of(FeverDetected))


@pytest.mark.requirement("P2")
def test_contract_is_written_when_a_folder_is_named(tmp_path: Path) -> None:
    old = tmp_path / "schemas" / "intake" / "long_gone.json"
    old.parent.mkdir(parents=True)
    old.write_text("{}")
    (tmp_path / "notes.txt").write_text("mine")
    done = bulwark("contracts", str(tmp_path))
    assert done.returncode == 0, done.stderr
    written = {str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*.json")}
    assert written == contracts.files().keys()
    assert len(written) == 2 * len(contract.published()) + 2
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert json.loads((tmp_path / "asyncapi.json").read_bytes())["asyncapi"] == "3.0.0"


def test_one_line_says_why_when_the_folder_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = bulwark("contracts", str(tmp_path / "file"))
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert str(tmp_path / "file") in done.stderr


def test_renewing_is_refused_when_it_would_break_readers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "contract"
    shutil.copytree(contracts.KEPT, folder)
    fever = folder / "alerts" / "fever_detected.json"
    schema = json.loads(fever.read_bytes())
    schema["properties"]["promised"] = {"type": "string"}
    fever.write_text(json.dumps(schema))
    before = contracts.agreed(folder)
    monkeypatch.setattr(contracts, "KEPT", folder)
    with pytest.raises(SystemExit):
        contracts.renew([])
    assert "fever_detected.json $.promised: removed" in capsys.readouterr().out
    assert contracts.agreed(folder) == before
    assert contracts.renew(["--breaking"]) == 0
    assert contracts.agreed(folder) == contracts.schemas_now()


def test_file_of_an_event_that_is_gone_goes_when_the_contract_is_renewed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "intake" / "long_gone.json"
    gone.parent.mkdir()
    gone.write_text("{}")
    monkeypatch.setattr(contracts, "KEPT", tmp_path)
    assert contracts.renew(["--breaking"]) == 0
    assert not gone.exists()
    assert contracts.agreed(tmp_path) == contracts.schemas_now()
