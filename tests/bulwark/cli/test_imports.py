"""What the small commands load: a person who asks for a token does not wait for a database."""

import os
import subprocess
import sys
from pathlib import Path

from bulwark.data_folder import Folder
from tests.support.harness import PROGRAM_PATIENCE

HEAVY = {"sqlalchemy", "fastapi", "nats"}
# Runs the command line as a person would, then tells on its errors what was loaded for it.
RUNS_AND_TELLS = """
import sys
from bulwark.cli.main import main
try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""


def test_no_database_is_loaded_when_a_token_is_printed(tmp_path: Path) -> None:
    Folder(tmp_path / "data").prepare()

    done = subprocess.run(
        [sys.executable, "-c", RUNS_AND_TELLS, "token", "--role", "it", "--area", "220581"],
        env={**os.environ, "BULWARK_DATA": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        timeout=PROGRAM_PATIENCE,
        check=False,
    )

    loaded = set(done.stderr.split())
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert "bulwark.cli.main" in loaded
    assert loaded & HEAVY == set()
