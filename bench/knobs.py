"""What each wait is worth: the same work with all four of them and without each one.

`python -m bench.knobs` runs an instance as it is and one without each wait, side by side, and
gives them the same work in turn, so that what else the machine does falls on all alike. It prints
what each wait gains in what it is there for, and names a gain of less than a tenth. `--short` is
for a try: its figures say little.
"""

import argparse
import asyncio
import statistics
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
import nats

from bench import county_order, fever_latency
from bench.machine import as_a_service, described, percentile
from bench.posts import BULK_LINES, Screenings
from bench.results import plain
from bench.sites import Site, until, up
from bench.throughput import Load
from bench.without import NOTHING, WAITS
from tests.support.areas import COUNTY

ORDER: Final = "a county-wide order to the bus, s"
FEVER: Final = "a fever to its subscriber, p50, ms"
FLOODED: Final = "a fever beside a bulk load, p50, ms"
PROCESSOR: Final = "processor of a record in a flood, µs"
WORTH_KEEPING = 0.10

CLAIMS: Final = {
    "priority": (ORDER,),
    "linger": (FEVER, FLOODED, PROCESSOR),
    "flood-linger": (PROCESSOR,),
    "adaptive-pull": (ORDER,),
}
"""What each wait is there for; what it costs in the rest is told, too."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much work a measurement is."""

    rounds: int
    communities: int
    records: int
    seconds: int
    load_a_second: int


WHOLE = Size(rounds=7, communities=2_000, records=20_000, seconds=10, load_a_second=2_000)
SHORT = Size(rounds=1, communities=50, records=2_000, seconds=3, load_a_second=500)


@dataclass(slots=True)
class Variant:
    """An instance without one of the waits, and what was measured of it."""

    without: str
    site: Site
    size: Size
    load: Load = field(init=False)
    screenings: Screenings = field(init=False)
    found: dict[str, list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.load = Load(self.site)
        self.screenings = Screenings(self.site.folder / "areas.db", seed=2)

    def order(self) -> float:
        """Seconds until the last event of a county-wide order is in the stream."""
        return asyncio.run(_order(self.site, self.size.communities))

    def fever(self) -> float:
        """Milliseconds of a fever on its own."""
        return self._fevers([])

    def flooded(self) -> float:
        """Milliseconds of a fever beside a bulk load."""
        bulks = max(1, self.size.load_a_second * self.size.seconds // BULK_LINES)
        token = self.site.token("recorder")
        return self._fevers(self.screenings.bulks(token, bulks * BULK_LINES, fever_in=0))

    def processor(self) -> float:
        """Microseconds of processor, of all processes, for a record of a flood."""
        _, costs = self.load.run(self.size.records)
        return sum(costs.values())

    def _fevers(self, bulks: list[bytes]) -> float:
        lines = self.screenings.lines(fever_latency.A_SECOND * self.size.seconds, fever_in=1)
        token = self.site.token("recorder")
        found = as_a_service(fever_latency.fevers(self.site, token, lines, bulks))
        until(self.site.at_rest, "the services did not come to rest")
        return percentile(found, 0.5)


async def _order(site: Site, communities: int) -> float:
    client = await nats.connect(site.nats_url)
    headers = {"Authorization": f"Bearer {site.token('command', COUNTY)}"}
    async with httpx.AsyncClient(
        base_url=site.url("alerts"),
        headers=headers,
        timeout=county_order.PATIENCE_SECONDS,
        trust_env=False,
    ) as http:
        stream = client.jetstream()
        on_bus, _ = await county_order.order(site, http, stream, "medium", communities)
        await county_order.order(site, http, stream, "low", communities)
    await client.close()
    return on_bus


MEASURES: Final[dict[str, Callable[[Variant], float]]] = {
    ORDER: Variant.order,
    PROCESSOR: Variant.processor,
    FEVER: Variant.fever,
    FLOODED: Variant.flooded,
}


def measure(size: Size) -> list[Variant]:
    """The instance as it is and without each wait, after the same work in turn."""
    with ExitStack() as stack:
        variants = []
        for without in (NOTHING, *WAITS):
            scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="bulwark-bench-"))
            folder = county_order.county(Path(scratch), size.communities)
            site = stack.enter_context(up(folder, program=("bench.without", without)))
            variants.append(Variant(without, site, size))
        for what, measured in MEASURES.items():
            for turn in range(size.rounds):
                # Each is the first and the last in its turn.
                first = turn % len(variants)
                for variant in variants[first:] + variants[:first]:
                    variant.found.setdefault(what, []).append(measured(variant))
                print(f"  {what}: {turn + 1} of {size.rounds}", flush=True)
        return variants


def table(variants: list[Variant]) -> str:
    """What each wait gains: how much less it is with it than without it, turn by turn."""
    whole, *others = variants
    lines = ["| wait | what | with it | without it | gain | |", "|---|---|---|---|---|---|"]
    for other in others:
        for what in MEASURES:
            gain = gain_of(whole.found[what], other.found[what])
            medians = [plain(statistics.median(one.found[what])) for one in (whole, other)]
            claimed = what in CLAIMS[other.without]
            verdict = _verdict(gain) if claimed else "not what it is for"
            cells = [other.without, what, *medians, f"{gain:+.0%}", verdict]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def gain_of(having: list[float], lacking: list[float]) -> float:
    """By which share something is less with a wait; the median of what was measured side by side,
    so that a moment in which the machine is busy counts once for both."""
    return statistics.median(1 - one / other for one, other in zip(having, lacking, strict=True))


def _verdict(gain: float) -> str:
    return "kept" if gain >= WORTH_KEEPING else f"**under {WORTH_KEEPING:.0%}**"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true")
    size = SHORT if parser.parse_args().short else WHOLE
    print(f"four waits, {size.rounds} rounds, on {described()}")
    print(table(measure(size)))


if __name__ == "__main__":
    main()
