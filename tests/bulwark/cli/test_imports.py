"""What commands and services load: nobody waits for what is not used."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bulwark.data_folder import Folder
from bulwark.registry import SERVICES
from tests.support.harness import PROGRAM_PATIENCE

HEAVY = {
    *("alembic", "fastapi", "faststream", "httpx", "nats", "prometheus_client", "rich"),
    *("shared.events.base", "shared.policy.pack", "sqlalchemy", "structlog", "uvicorn"),
}
# typer itself reads the types of options with pydantic.
HELP_IS_WITHOUT = {*HEAVY, "asyncio", "cryptography", "joserfc"}
# Runs the command line as a person would, then tells on its errors what was loaded for it.
RUNS_AND_TELLS = """
import sys
from bulwark.cli.main import main
try:
    main()
finally:
    # None stands where a module is shut out.
    print(*(name for name, module in sys.modules.items() if module), file=sys.stderr)
"""


def run_and_tell(*words: str, data: Path) -> tuple[str, set[str]]:
    """What `bulwark` with these words prints, and the modules that were loaded for it."""
    done = subprocess.run(
        [sys.executable, "-c", RUNS_AND_TELLS, *words],
        env={**os.environ, "BULWARK_DATA": str(data)},
        capture_output=True,
        text=True,
        timeout=PROGRAM_PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stderr.split())
    assert "bulwark.cli.main" in loaded
    return done.stdout, loaded


def test_no_database_is_loaded_when_a_token_is_printed(tmp_path: Path) -> None:
    Folder(tmp_path / "data").prepare()
    printed, loaded = run_and_tell(
        "token", "--role", "it", "--area", "220581", data=tmp_path / "data"
    )
    assert printed.strip()
    assert loaded & HEAVY == set()


@pytest.mark.parametrize(
    "words",
    [
        *((), ("token",), ("events",), ("run",), ("up",), ("drill",), ("prepare",)),
        *(("areas", "load"), ("subscriber", "add"), ("webhook", "add"), ("contracts",)),
        *(("backup",), ("doctor",), ("dead", "list"), ("audit", "verify")),
    ],
    ids=" ".join,
)
def test_nothing_but_the_command_line_is_loaded_when_help_is_shown(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    printed, loaded = run_and_tell(*words, "--help", data=tmp_path)
    assert "--help" in printed
    assert loaded & HELP_IS_WITHOUT == set()


@pytest.mark.parametrize("service", SERVICES)
def test_a_process_loads_its_own_service_alone_when_it_runs_one(service: str) -> None:
    code = f"""
import sys, bulwark.cli.main, bulwark.server.run_services
from bulwark.registry import SERVICES
assert SERVICES[{service!r}].name == {service!r}
print(*(name for name, module in sys.modules.items() if module))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=PROGRAM_PATIENCE,
        check=True,
    )
    loaded = set(done.stdout.split())
    others = {f"services.{name}" for name in SERVICES} - {f"services.{service}"}
    assert f"services.{service}.main" in loaded
    assert loaded & {*others, "rich", "alembic", "httpx", "phonenumbers"} == set()
