"""Where the time of a fever goes, stage by stage, from its POST to an outside subscriber.

`python -m bench.stages` runs a process each, 50 posts a second, and prints the median of each stage
in milliseconds.
"""

import json
import os
import statistics
import tempfile
from bisect import bisect_left
from pathlib import Path
from typing import ClassVar, NamedTuple
from unittest.mock import patch

from bench import fever_latency, marked
from bench.fever_latency import A_SECOND, SECONDS, WARM_UP, Arrivals
from bench.machine import as_a_service, described
from bench.posts import Screenings
from bench.sites import apart


class Stage(NamedTuple):
    """A stage ends with a mark of a service."""

    service: str
    mark: str
    what: str


STAGES = (
    Stage("intake", "arrived", "the request reaches intake"),
    Stage("intake", "submit", "HTTP, token, body, checks"),
    Stage("intake", "commit", "the writer wakes; its transaction"),
    Stage("intake", "committed", "its commit"),
    Stage("intake", "publish", "to the relay"),
    Stage("intake", "acked", "stored and synced by the broker"),
    Stage("alerts", "read", "taken in by alerts"),
    Stage("alerts", "commit", "the writer wakes; decision and transaction"),
    Stage("alerts", "committed", "its commit"),
    Stage("alerts", "publish", "to the relay"),
    Stage("alerts", "acked", "stored and synced by the broker"),
)
LAST = "in the subscriber's hands"


class Kept(Arrivals):
    """Arrivals that can be looked at afterwards."""

    all: ClassVar[list["Kept"]] = []

    def __init__(self, wanted: int) -> None:
        super().__init__(wanted)
        self.all.append(self)

    def spans(self) -> list[tuple[float, float]]:
        """When each was sent and when it arrived, without the first few."""
        return [(at, self._arrived[name]) for name, at in self.sent.items()][WARM_UP:]


def measure() -> list[tuple[str, float]]:
    """Each stage and its median, in milliseconds."""
    with tempfile.TemporaryDirectory(prefix="bulwark-bench-") as scratch:
        with (
            patch.dict(os.environ, {marked.FOLDER: scratch}),
            patch.object(fever_latency, "Arrivals", Kept),
            apart(program=("bench.marked",)) as site,
        ):
            lines = Screenings(site.folder / "areas.db", seed=2).lines(
                A_SECOND * SECONDS, fever_in=1
            )
            as_a_service(fever_latency.fevers(site, site.token("recorder"), lines, []))
        marks = {name: _marks(Path(scratch), name) for name in ("intake", "alerts")}
    passed = [_passed(sent, arrived, marks) for sent, arrived in Kept.all[-1].spans()]
    whole = [times for times in passed if len(times) == len(STAGES) + 2]
    medians = [
        statistics.median(times[at + 1] - times[at] for times in whole) * 1000
        for at in range(len(STAGES) + 1)
    ]
    names = [*(f"{stage.service}: {stage.what}" for stage in STAGES), LAST]
    return list(zip(names, medians, strict=True))


def _marks(folder: Path, service: str) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for name, at in json.loads((folder / f"{service}.json").read_text()):
        found.setdefault(name, []).append(at)
    return found


def _passed(sent: float, arrived: float, marks: dict[str, dict[str, list[float]]]) -> list[float]:
    """When one fever passed each stage, as far as it can be followed."""
    times = [sent]
    for stage in STAGES:
        noted = marks[stage.service].get(stage.mark, [])
        at = bisect_left(noted, times[-1])
        if at == len(noted) or noted[at] > arrived:
            return times
        times.append(noted[at])
    return [*times, arrived]


def main() -> None:
    print(f"stages of a fever, a process each, {A_SECOND} posts a second, on {described()}")
    found = measure()
    for what, milliseconds in found:
        print(f"  {milliseconds:6.2f} ms  {what}")
    print(f"  {sum(each for _, each in found):6.2f} ms  together")


if __name__ == "__main__":
    main()
