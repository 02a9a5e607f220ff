"""What the tools of others say of the files: compose itself, and hadolint."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from tests.compose.engine import run
from tests.compose.stack import DEPLOY, Stack, settings_of

ALONE = ("compose.yaml",)
CLUSTER = ("compose.yaml", "compose.cluster.yaml")
SUBSCRIBERS = ("compose.yaml", "compose.subscribers.yaml")
WEBHOOKS = ("compose.yaml", "compose.webhooks.yaml")
ALL = ("compose.yaml", "compose.cluster.yaml", "compose.subscribers.yaml", "compose.webhooks.yaml")


@pytest.mark.parametrize("files", [ALONE, CLUSTER, SUBSCRIBERS, WEBHOOKS, ALL])
def test_compose_accepts_the_files_when_every_setting_is_there(
    files: tuple[str, ...], tmp_path: Path
) -> None:
    stack = Stack("files", tmp_path, files)
    assert stack.compose("--profile", "*", "config", "--quiet") == ""


@pytest.mark.parametrize("name", sorted(settings_of(DEPLOY / ".env.example", "BULWARK_")))
def test_compose_names_the_setting_when_it_is_missing(name: str, tmp_path: Path) -> None:
    stack = Stack("files", tmp_path, SUBSCRIBERS)
    del stack.settings[name]
    refused = run(stack.words("--profile", "*", "config", "--quiet"), must=False)
    assert refused.returncode != 0
    assert name in refused.stderr
    assert ".env.example" in refused.stderr


def test_broker_exports_what_subscribers_import_when_both_are_compared() -> None:
    exported = import_module("bulwark.broker.accounts").EXPORTS
    said = (DEPLOY / "nats" / "nats.conf").read_text()
    exports = said.split("exports: [", 1)[1].split("]", 1)[0]
    wanted = [
        "{" + ", ".join(f'{key}: "{value}"' for key, value in one.items()) + "}" for one in exported
    ]
    assert [line.strip() for line in exports.strip().splitlines()] == wanted


def test_hadolint_has_nothing_to_say_when_it_reads_the_dockerfile() -> None:
    program = Path(sys.executable).with_name("hadolint")
    said = subprocess.run(
        [program, "--failure-threshold", "style", DEPLOY / "Dockerfile"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (said.returncode, said.stdout) == (0, "")
