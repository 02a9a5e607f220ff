"""The shipped ten-day drill: seconds until its report, and seconds of processor it takes."""

import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

from bench.machine import described
from bench.results import Figure, tell

SCENARIO = "drills/first-cases.toml"
ROUNDS = 3


def measure() -> Sequence[Figure]:
    """Play it alone in a private instance, a few times."""
    played = [_play() for _ in range(ROUNDS)]
    whole, work = (statistics.median(found) for found in zip(*played, strict=True))
    return [
        Figure("ten-day drill: from start to end", whole, "s"),
        Figure("ten-day drill: processor, broker included", work, "s", reach=60),
    ]


def _play() -> tuple[float, float]:
    begun, before = time.perf_counter(), _processor_seconds()
    subprocess.run(
        [sys.executable, "-m", "bulwark", "drill", "--quiet", SCENARIO],
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - begun, _processor_seconds() - before


def _processor_seconds() -> float:
    """What all processes that ended took, those that they had started among them."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    print(f"the drill on {described()}")
    tell(measure())


if __name__ == "__main__":
    main()
