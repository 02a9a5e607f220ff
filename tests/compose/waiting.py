"""Waiting for a condition, with a limit."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 240.0


def eventually(probe: Callable[[], T], *, seconds: float = PATIENCE, every: float = 0.2) -> T:
    """The first true answer of a probe; fails with the last answer when none comes in time."""
    deadline = time.monotonic() + seconds
    while True:
        answer = probe()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"did not become so in {seconds} s: {answer!r}"
        time.sleep(every)
