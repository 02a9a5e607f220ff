"""The compose files: valid by the schema of Compose, and by our own rules."""

import itertools
import json
import re
import subprocess
import sys
from importlib import resources
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.deploy.compose_files import (
    ALONE,
    DEPLOY,
    FILES,
    SUBSCRIBERS,
    WEBHOOKS,
    overridden_services,
    read,
    whole_services,
)

WHOLE = whole_services()
FORBIDDEN = ("privileged", "pid", "ipc", "userns_mode", "devices", "group_add", "cgroup")
NOT_WAITED_FOR = {
    *(("caddy", name) for name in ("alerts", "volunteers", "rollup")),
    *(("intake", name) for name in ("nats", "nats-2", "nats-3")),
}
SETTING = re.compile(r"\$\{([A-Z_]+)([^}]*)\}")


def is_one_shot(service: dict[str, Any]) -> bool:
    """Whether it ends by itself, so that it has no health to check."""
    return bool(service["restart"] == "no")


@pytest.mark.parametrize("file", FILES)
def test_file_is_valid_when_the_schema_of_compose_is_asked(file: str) -> None:
    schema = resources.files("check_jsonschema") / "builtin_schemas/vendor/compose-spec.json"
    validator = Draft202012Validator(json.loads(schema.read_text()))
    faults = [f"{one.json_path}: {one.message}" for one in validator.iter_errors(read(file))]
    assert faults == []


def test_files_are_the_ones_that_we_know_when_the_folder_is_listed() -> None:
    assert set(FILES) >= {ALONE, "compose.cluster.yaml"}
    assert len(WHOLE) >= 13


@pytest.mark.parametrize("name", WHOLE)
def test_container_is_hardened_when_it_is_one_of_ours(name: str) -> None:
    service = WHOLE[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["pids_limit"] > 0
    assert service["mem_limit"]
    assert service["logging"]["driver"] == "json-file"
    assert {"max-size", "max-file"} <= set(service["logging"]["options"])
    assert not set(FORBIDDEN) & set(service)
    assert service.get("network_mode", "none") == "none"
    assert service.get("cap_add", []) == (["NET_BIND_SERVICE"] if name.endswith(" caddy") else [])


@pytest.mark.parametrize("name", WHOLE)
def test_container_says_how_it_is_when_it_runs_for_long(name: str) -> None:
    service = WHOLE[name]
    if is_one_shot(service):
        assert service["healthcheck"] == {"disable": True}
    else:
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"][0] == "CMD"
        assert {"interval", "timeout", "retries"} <= set(service["healthcheck"])


@pytest.mark.parametrize("name", WHOLE)
def test_image_has_a_version_and_the_prefix_when_it_is_named(name: str) -> None:
    image = WHOLE[name]["image"]
    assert image.startswith("${BULWARK_IMAGE_PREFIX?")
    assert re.search(r":(\$\{BULWARK_VERSION|v?\d+)", image.split("}", 1)[1]), image
    assert "latest" not in image


@pytest.mark.parametrize("name", WHOLE)
def test_passwords_stand_in_files_when_a_container_needs_them(name: str) -> None:
    service = WHOLE[name]
    for variable, value in service.get("environment", {}).items():
        if "PASSWORD" in variable or "SECRET" in variable:
            assert variable.endswith("_FILE"), variable
            assert str(value).removeprefix("/run/secrets/") in service["secrets"], variable
        assert not re.search(r"://[^/@]*:[^/@]*@", str(value)), variable


@pytest.mark.parametrize("name", overridden_services())
def test_nothing_is_loosened_when_a_further_file_changes_a_service(name: str) -> None:
    changed = set(overridden_services()[name])
    allowed = {"command", "deploy", "depends_on", "environment", "volumes"}
    if name == f"{SUBSCRIBERS}: nats":
        allowed |= {"networks", "ports"}
    if name == f"{WEBHOOKS}: rollup":
        allowed = {"networks"}
    assert changed <= allowed


def test_broker_speaks_tls_when_it_is_published() -> None:
    (port,) = overridden_services()[f"{SUBSCRIBERS}: nats"]["ports"]
    assert port.startswith("${BULWARK_NATS_BIND:?")
    assert "BULWARK_NATS_BIND=127.0.0.1" in (DEPLOY / ".env.example").read_text().splitlines()
    assert "tls {" in (DEPLOY / "nats" / "tls-on.conf").read_text()


def test_only_the_front_door_publishes_a_port_when_all_are_looked_at() -> None:
    publishing = {name: one["ports"] for name, one in WHOLE.items() if "ports" in one}
    assert list(publishing) == [f"{ALONE}: caddy"]
    (port,) = publishing[f"{ALONE}: caddy"]
    assert port.startswith("${BULWARK_BIND:?")
    assert "BULWARK_BIND=127.0.0.1" in (DEPLOY / ".env.example").read_text().splitlines()


def test_networks_have_no_way_out_but_one_when_they_are_made() -> None:
    networks = read(ALONE)["networks"]
    assert [name for name, one in networks.items() if not one.get("internal")] == ["outside"]
    outside = {name for name, one in WHOLE.items() if "outside" in one.get("networks", [])}
    assert outside == {f"{ALONE}: caddy", f"{ALONE}: alertmanager"}


def test_services_wait_for_health_when_they_depend_on_something_that_runs() -> None:
    """But a gate can record while anything but intake and its database is ill."""
    for where, service in (WHOLE | overridden_services()).items():
        name = where.rpartition(" ")[2]
        for other, how in service.get("depends_on", {}).items():
            whole = WHOLE.get(f"{ALONE}: {other}", WHOLE.get(f"compose.cluster.yaml: {other}"))
            assert whole is not None
            wanted = "service_healthy"
            if is_one_shot(whole):
                wanted = "service_completed_successfully"
            elif (name, other) in NOT_WAITED_FOR:
                wanted = "service_started"
            assert how["condition"] == wanted, (where, other)


def test_accounts_of_subscribers_are_at_hand_where_a_site_is_backed_up_and_restored() -> None:
    for name in ("backup", "tools"):
        service = WHOLE[f"{ALONE}: {name}"]
        (folder,) = [
            mount["target"] if isinstance(mount, dict) else mount.split(":")[1]
            for mount in service["volumes"]
            if "nats-accounts" in str(mount)
        ]
        assert service["environment"]["BULWARK_NATS_ACCOUNTS"] == f"{folder}/accounts.conf"


@pytest.mark.parametrize("file", FILES)
def test_setting_is_required_and_explained_when_a_file_uses_it(file: str) -> None:
    explained = settings_explained()
    for name, rest in SETTING.findall((DEPLOY / file).read_text()):
        assert name in explained, name
        # One that may be empty is required as well: `?` instead of `:?`.
        marks = ":?" if explained[name] else "?"
        assert rest == f"{marks}见 / see .env.example", name


def test_every_setting_is_used_when_it_is_explained() -> None:
    used = {name for file in FILES for name, _ in SETTING.findall((DEPLOY / file).read_text())}
    explained = {name for name in settings_explained() if name.startswith("BULWARK_")}
    assert explained == used
    assert set(settings_explained()) - explained == {"COMPOSE_FILE", "COMPOSE_PROFILES"}


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md", ".env.example"])
def test_every_command_means_one_deployment_when_a_page_names_further_files(page: str) -> None:
    """What a command line adds, the next command without it takes away again."""
    text = (DEPLOY / page).read_text()
    assert not re.search(r"compose [^`\n]*(--file|-f|--profile) ", text)
    named = set(re.findall(r"compose\.[a-z]+\.yaml", text))
    assert named == {file for file in FILES if file != ALONE}
    assert settings_explained()["COMPOSE_FILE"] == ALONE


def settings_explained() -> dict[str, str]:
    """The settings of the example, each with its value; every one has lines that explain it."""
    lines = (DEPLOY / ".env.example").read_text().splitlines()
    settings = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    for before, line in itertools.pairwise(lines):
        if line and not line.startswith("#"):
            assert before.startswith("#") or "=" in before, line
    return settings


def test_secrets_are_made_once_when_the_script_runs_twice(tmp_path: Any) -> None:
    folder = tmp_path / "secrets"
    made = []
    for _ in range(2):
        subprocess.run([DEPLOY / "make-secrets", folder], check=True, capture_output=True)
        made.append({file.name: file.read_text() for file in folder.iterdir()})
    assert made[0] == made[1]
    assert set(made[0]) == set(read(ALONE)["secrets"])
    assert len(set(made[0].values())) == len(made[0])
    brokers = made[0].pop("nats_passwords")
    assert f'SERVICES_PASSWORD: "{made[0]["nats_services_password"]}"\n' in brokers
    assert f'SYSTEM_PASSWORD: "{made[0]["nats_system_password"]}"\n' in brokers
    assert all(re.fullmatch(r"[A-Za-z0-9]{30,}", value) for value in made[0].values())
    assert folder.stat().st_mode & 0o777 == 0o700


def test_python_of_the_tests_is_the_images_when_versions_are_compared() -> None:
    """What is tested is what ships: the image's Python is the oldest that we support."""
    base = read(ALONE)["services"]["prepare"]["build"]["args"]["BASE_IMAGE"]
    version = re.search(r"python:(\d+)\.(\d+)", base)
    assert version is not None
    assert sys.version_info >= (int(version[1]), int(version[2]))
