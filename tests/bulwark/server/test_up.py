"""`bulwark up` and the commands beside it, as county IT uses them. P3."""

import json
import shutil
import socket
import stat
from pathlib import Path

import httpx
import pytest

from bulwark.data_folder import Folder
from bulwark.registry import SERVICES
from shared.clock.clock import RealClock
from shared.database.engine import Database
from shared.runtime.migrations import migrate
from tests.support.command import Up, alive, bulwark, up
from tests.support.core.appending import append_runs
from tests.support.harness import PATIENCE, eventually, new_id

AREA = "220581001001"


def post(running: Up, token: str, **changes: object) -> httpx.Response:
    body = {"id": new_id(), "area": AREA, "temperature_c": 38.6, "place_kind": "home", **changes}
    return httpx.post(
        f"{running.url}/intake/screenings",
        json=body,
        trust_env=False,
        timeout=PATIENCE,
        headers={"Authorization": f"Bearer {token}"},
    )


def token_of(running: Up, role: str = "recorder", area: str = AREA) -> str:
    made = bulwark("token", "--data", str(running.data), "--role", role, "--area", area)
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


@pytest.mark.requirement("P3")
def test_whole_system_runs_from_one_folder_when_started_with_up(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with up(data) as running:
        running.wait_ready()
        facts = running.run
        assert facts["pid"] == running.process.pid
        assert facts["http_url"] == running.url
        assert alive(facts["nats_pid"])
        assert (data / "nats").is_dir()
        assert stat.S_IMODE((data / "token").stat().st_mode) == 0o600
        it = (data / "token").read_text().strip()
        headers = {"Authorization": f"Bearer {it}"}
        level = httpx.get(
            f"{running.url}/alerts/areas/{AREA}", headers=headers, trust_env=False, timeout=PATIENCE
        )
        assert level.json()["risk_level"] == "low"

        assert post(running, token_of(running)).status_code == 201
        _events_are_told(running)
        assert (
            "intake" in httpx.get(f"{running.url}/metrics", trust_env=False, timeout=PATIENCE).text
        )
        assert bulwark("dead", "list", "--data", str(data)).stdout.startswith("共 0 条")
        refilled = bulwark("refill", "intake", "--from", "1", "--data", str(data))
        assert refilled.returncode == 0, refilled.stderr
        assert post(running, token_of(running)).status_code == 201
        eventually(lambda: len(_documents(running)) == 2)
        assert running.interrupt() == 0
        assert not alive(facts["nats_pid"])
        assert not (data / "run.json").exists()


def _documents(running: Up) -> list[dict[str, object]]:
    told = bulwark(
        "events",
        "--data",
        str(running.data),
        "--type",
        "screening_recorded",
        "--json",
        "--no-follow",
        "--area",
        AREA,
    )
    assert told.returncode == 0, told.stderr
    return [json.loads(line) for line in told.stdout.splitlines()]


def _events_are_told(running: Up) -> None:
    def fever() -> bool:
        told = bulwark(
            "events", "--data", str(running.data), "--type", "fever_detected", "--no-follow"
        )
        assert told.returncode == 0, told.stderr
        return "38.6" in told.stdout

    eventually(fever)
    assert [one["type"] for one in _documents(running)] == ["bulwark.intake.screening_recorded"]


@pytest.mark.requirement("A1")
def test_grids_are_known_at_once_when_loaded_into_a_running_instance(tmp_path: Path) -> None:
    with up(tmp_path / "data") as running:
        running.wait_ready()
        token = token_of(running)
        grid = f"{AREA}007"
        assert post(running, token, area=grid).status_code == 422
        csv = tmp_path / "grids.csv"
        csv.write_text(f"code,name\n{grid},第七网格\n", encoding="utf-8")
        loaded = bulwark("areas", "load", str(csv), "--data", str(running.data))
        assert loaded.returncode == 0, loaded.stderr
        eventually(lambda: post(running, token, area=grid).status_code == 201)


def test_instance_comes_back_when_its_process_was_killed(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with up(data) as running:
        running.wait_ready()
        token = token_of(running)
        assert post(running, token).status_code == 201
        orphan = running.run["nats_pid"]
        running.process.kill()
        running.process.communicate()
        assert alive(orphan)
        with up(data) as again:
            again.wait_ready()
            assert not alive(orphan)
            assert post(again, token).status_code == 201
            eventually(lambda: len(_documents(again)) == 2)


def test_no_process_is_left_when_it_is_ended_while_starting(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with up(data) as running:
        pid_file = data / "nats" / "nats.pid"
        eventually(pid_file.exists)
        running.process.terminate()
        running.process.communicate(timeout=PATIENCE)
        assert not pid_file.exists() or not alive(int(pid_file.read_text()))


def test_second_is_refused_when_the_folder_is_in_use(tmp_path: Path) -> None:
    with up(tmp_path / "data") as running:
        running.wait_ready()
        second = bulwark("up", "--data", str(running.data), "--port", "0")
        assert second.returncode == 1
        assert str(running.process.pid) in second.stderr


def test_one_line_is_said_when_the_port_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = bulwark("up", "--data", str(tmp_path / "data"), "--port", str(port))
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert str(port) in ended.stderr
    assert not (tmp_path / "data").exists()


def test_one_line_is_said_when_the_folder_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    ended = bulwark("up", "--data", str(tmp_path / "file" / "data"), "--port", "0")
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert "cannot write" in ended.stderr


@pytest.mark.parametrize("options", [[], ["--fresh"]])
def test_folder_is_left_alone_when_it_is_somebody_elses(tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "letters.txt").write_text("dear")
    ended = bulwark("up", "--data", str(tmp_path), "--port", "0", *options)
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["letters.txt"]


def test_only_ours_is_removed_when_a_folder_is_made_fresh(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "data")
    folder.prepare()
    (folder.path / "letters.txt").write_text("dear")
    (folder.path / "db" / "intake.db").write_text("old")
    folder.prepare(fresh=True)
    assert (folder.path / "letters.txt").read_text() == "dear"
    assert not (folder.path / "db" / "intake.db").exists()
    assert folder.areas.exists()


@pytest.mark.parametrize(
    "command",
    [
        ["token", "--role", "it", "--area", "220581"],
        ["dead", "list"],
        ["events", "--no-follow"],
    ],
)
def test_nothing_is_made_when_data_names_no_instance(tmp_path: Path, command: list[str]) -> None:
    ended = bulwark(*command, "--data", str(tmp_path / "typo"))
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert "--data" in ended.stderr
    assert not (tmp_path / "typo").exists()


def test_setting_is_named_when_it_is_wrong(tmp_path: Path) -> None:
    ended = bulwark("up", "--data", str(tmp_path / "data"), "--port", "99999")
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert "BULWARK_PORT" in ended.stderr


def test_policy_error_names_file_line_and_key_when_a_county_pack_is_wrong(tmp_path: Path) -> None:
    data = tmp_path / "data"
    Folder(data).prepare()
    pack = data / "policies" / "2021-01.toml"
    pack.write_text(pack.read_text().replace("threshold_c = 37.3", "threshold_c = 99.0"))
    ended = bulwark("up", "--data", str(data), "--port", "0")
    assert ended.returncode == 1
    assert "2021-01.toml:" in ended.stderr
    assert "fever.threshold_c" in ended.stderr


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--role", "king", "--area", "220581"), "--role"),
        (("--role", "it", "--area", "999999"), "--area"),
    ],
)
def test_token_command_names_the_option_when_it_is_wrong(
    tmp_path: Path, options: tuple[str, ...], named: str
) -> None:
    Folder(tmp_path / "data").prepare()
    ended = bulwark("token", "--data", str(tmp_path / "data"), *options)
    assert ended.returncode == 1
    assert named in ended.stderr


def test_one_line_names_the_setting_when_up_would_not_use_a_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BULWARK_ROLLUP_DATABASE_URL", "postgresql://rollup@db/rollup")
    done = bulwark("up", "--data", str(tmp_path / "data"), "--port", "0")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "BULWARK_ROLLUP_DATABASE_URL" in done.stderr
    assert not (tmp_path / "data").exists()


def test_no_keys_are_made_when_run_is_given_no_keys_for_a_database_in_use(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/intake.db"
    database = Database(url)
    migrate(SERVICES["intake"], database)
    append_runs(database, "one", 1)
    database.close()

    def refused() -> str:
        where = ("--data", str(tmp_path / "data"), "--port", "0")
        done = bulwark("run", "intake", *where, BULWARK_INTAKE_DATABASE_URL=url)
        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 1
        assert "--data" in done.stderr
        assert "bulwark prepare" not in done.stderr
        return done.stderr

    assert "tokens.key" in refused()
    assert not (tmp_path / "data").exists()
    # A folder of ours whose keys were lost.
    folder = Folder(tmp_path / "data")
    folder.prepare()
    assert "tokens.key" in refused()
    assert not list(folder.keys.iterdir())
    site = folder.site("test", RealClock())
    site.areas.close()
    site.vault.close()
    (folder.keys / "people.db").unlink()
    assert "people.db" in refused()
    assert not (folder.keys / "people.db").exists()


def test_new_keys_are_refused_when_the_databases_were_used_with_others(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with up(data) as running:
        running.wait_ready()
        assert running.interrupt() == 0
    keys = data / "keys"
    keys.rename(tmp_path / "keys")
    missing = bulwark("up", "--data", str(data), "--port", "0")
    assert (missing.returncode, len(missing.stderr.splitlines())) == (1, 1)
    assert "tokens.key" in missing.stderr
    # As a lost folder gets them, when `prepare` runs before the services.
    assert bulwark("prepare", "--data", str(data)).returncode == 0
    refused = bulwark("up", "--data", str(data), "--port", "0")
    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1
    assert "was used with other keys" in refused.stderr
    shutil.rmtree(keys)
    (tmp_path / "keys").rename(keys)
    with up(data) as running:
        running.wait_ready()
