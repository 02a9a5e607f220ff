"""What tells this machine, and its running since it was started, from others."""

import time
from functools import cache
from pathlib import Path
from uuid import uuid4

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@cache
def boot_id() -> str:
    """The id that a kernel takes when it starts, the same in all containers of a machine.

    Where the system gives none (macOS), an id of this process alone.
    """
    try:
        return BOOT_ID.read_text().strip()
    except OSError:
        return str(uuid4())


def steady_seconds() -> float:
    """Seconds since the machine was started; nobody sets them, and they go on while it sleeps."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)
