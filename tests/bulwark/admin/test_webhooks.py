"""`bulwark webhook` beside a running instance."""

from pathlib import Path

import httpx
import pytest

from bulwark.data_folder import Folder
from tests.services.rollup.receiver import receiving
from tests.support.command import bulwark, up
from tests.support.harness import PATIENCE, eventually, new_id

pytestmark = pytest.mark.requirement("P2")

AREA, FEVERS = ("--area", "220581001"), ("--types", "fever_detected,case_reported")


def test_events_are_sent_while_the_target_is_there_when_the_instance_runs(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path / "data"))
    with up(tmp_path / "data") as running, receiving() as receiver:
        running.wait_ready()
        added = bulwark("webhook", "add", receiver.url, *AREA, *FEVERS, "--private", *data)
        assert added.returncode == 0, added.stderr
        target, secret = added.stdout.split()[0], added.stdout.split()[-1]
        token = bulwark("token", "--role", "recorder", "--area", "220581", *data).stdout.strip()

        def fever() -> str:
            body = {"id": new_id(), "area": "220581001001", "place_kind": "checkpoint"}
            answer = httpx.post(
                f"{running.url}/intake/screenings",
                json={**body, "temperature_c": 38.4},
                headers={"Authorization": f"Bearer {token}"},
                trust_env=False,
                timeout=PATIENCE,
            )
            assert answer.status_code == 201
            return body["id"]

        first = fever()
        eventually(lambda: receiver.screenings == [first])
        assert receiver.taken[0].verified_by(secret)
        listed = bulwark("webhook", "list", *data).stdout
        assert target in listed
        assert "正常 / ok" in listed
        assert secret not in listed
        assert "from=bulwark" not in listed
        assert "/events?…  220581001  " in listed
        assert "alerts.fever_detected,intake.case_reported" in listed.replace(
            "intake.case_reported,alerts.fever_detected",
            "alerts.fever_detected,intake.case_reported",
        )
        receiver.status = 500
        fever()
        eventually(lambda: "HTTP 500" in bulwark("webhook", "list", *data).stdout)
        assert "alerts#" in bulwark("webhook", "skip", target, *data).stdout
        receiver.status = 204
        assert bulwark("webhook", "pause", target, *data).returncode == 0
        second = fever()
        assert "已暂停 / paused" in bulwark("webhook", "list", *data).stdout
        assert bulwark("webhook", "resume", target, *data).returncode == 0
        eventually(lambda: receiver.screenings == [first, second])
        assert bulwark("webhook", "remove", target, *data).returncode == 0
        assert bulwark("webhook", "list", *data).stdout.startswith("共 0")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("add", "http://example.org/", *AREA, *FEVERS), "--private"),
        (("add", "https://127.0.0.1/", *AREA, *FEVERS), "127.0.0.1"),
        (("add", "nonsense", *AREA, *FEVERS), "url"),
        (("add", "https://example.org/", "--area", "99", *FEVERS), "--area"),
        (("add", "https://example.org/", *AREA, "--types", "nothing"), "--types"),
        (("remove", "nobody"), "nobody"),
        (("pause", "nobody"), "nobody"),
        (("skip", "nobody"), "nobody"),
    ],
)
def test_fault_is_named_in_one_line_when_the_command_is_wrong(
    tmp_path: Path, arguments: tuple[str, ...], named: str
) -> None:
    Folder(tmp_path / "data").prepare()
    done = bulwark("webhook", *arguments, "--data", str(tmp_path / "data"))
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert named in done.stderr


def test_all_stays_all_when_a_later_release_has_more_events(tmp_path: Path) -> None:
    Folder(tmp_path / "data").prepare()
    data = ("--data", str(tmp_path / "data"))
    everything = ("--area", "220581", "--types", "all", "--from-start")
    assert bulwark("webhook", "add", "https://example.org/?x=1", *everything, *data).returncode == 0
    listed = bulwark("webhook", "list", *data).stdout
    assert "alerts.*" in listed
    assert "alerts#…" in listed


def test_one_line_says_so_when_there_is_no_instance(tmp_path: Path) -> None:
    done = bulwark("webhook", "list", "--data", str(tmp_path))
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
