"""The pauses between attempts of a loop: each twice as long as the one before, up to a second.

stamina repeats one call until it succeeds; the loops here begin anew after progress, or try
another way in between.
"""

from collections.abc import Iterator

LEAST_SECONDS = 0.05
MOST_SECONDS = 1.0


def pauses() -> Iterator[float]:
    """The seconds to wait before each next attempt, without end."""
    pause = LEAST_SECONDS
    while True:
        yield pause
        pause = min(2 * pause, MOST_SECONDS)
