"""Identifies this boot of this machine, and counts the seconds since."""

import time
from functools import cache
from pathlib import Path
from uuid import uuid4

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@cache
def boot_id() -> str:
    """The id that the kernel chose at boot, the same in all containers of a machine.

    Where the system has none (macOS), a random id of this process.
    """
    try:
        return BOOT_ID.read_text().strip()
    except OSError:
        return str(uuid4())


def steady_seconds() -> float:
    """Seconds since boot, sleep included; setting the clock does not change them."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)
