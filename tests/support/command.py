"""Running the real command line as a person would."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.support.harness import PATIENCE, PROGRAM_PATIENCE, eventually
from tests.support.ports import held_port


def bulwark(
    *arguments: str, typed: str | None = None, **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end, with settings of its own, and what a person types."""
    return subprocess.run(
        [sys.executable, "-m", "bulwark", *arguments],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        input=typed,
        timeout=PROGRAM_PATIENCE,
        check=False,
    )


def alive(pid: int) -> bool:
    """Whether a process lives."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@dataclass
class Up:
    """A running `bulwark up`."""

    data: Path
    port: int
    process: subprocess.Popen[str]

    @property
    def run(self) -> dict[str, Any]:
        """What `run.json` says."""
        found: dict[str, Any] = json.loads((self.data / "run.json").read_text())
        return found

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def wait_ready(self) -> None:
        """Until `/readyz` answers 200."""

        def ready() -> bool:
            assert self.process.poll() is None, "bulwark up ended by itself"
            try:
                return (
                    httpx.get(f"{self.url}/readyz", trust_env=False, timeout=PATIENCE).status_code
                    == 200
                )
            except httpx.HTTPError:
                return False

        eventually(ready)

    def interrupt(self) -> int:
        """Ctrl-C; returns the exit code."""
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=PATIENCE)
        return self.process.returncode


@contextlib.contextmanager
def up(data: Path, *options: str) -> Iterator[Up]:
    """`bulwark up`, ended by its own process id."""
    port = held_port()
    command = [sys.executable, "-m", "bulwark", "up", "--data", str(data), "--port", str(port)]
    process = subprocess.Popen(
        [*command, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield Up(data, port, process)
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=PATIENCE)
