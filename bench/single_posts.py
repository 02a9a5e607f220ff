"""Single posts over 64 connections, everything synced, and the same records in bulk.

Beside them the same intake that answers without its database, and one that gives every request a
transaction of its own.
"""

import statistics
import time

from bench.intake_variants import VARIANTS
from bench.machine import as_a_service, described
from bench.posts import Screenings, callers, drain, recorded
from bench.results import Figure, tell
from bench.sites import Site, apart, until

CONNECTIONS = 64
SINGLES = 6_000
BULK = 30_000
ALONE = 2_000
WARM_UP = 500
ROUNDS = 3


async def answered_a_second(port: int, requests: list[bytes], status: int, count: int) -> float:
    """Records a second until every request was answered; `count` of bulk ones is checked."""
    connections = CONNECTIONS if status == 201 else 2
    async with callers(port, connections) as opened:
        begun = time.perf_counter()
        answers = await drain(opened, requests, status)
        seconds = time.perf_counter() - begun
    assert status == 201 or recorded(answers) == count
    return count / seconds


class Round:
    """One round: each variant in turn, on a site of its own."""

    def __init__(self, share: float) -> None:
        self._share = share
        self.bulk = 0.0

    def rate(self, variant: str) -> float:
        """Single posts a second of a variant; of the one as it is, bulk too."""
        with apart(("intake",), program=("bench.intake_variants", variant)) as site:
            token = site.token("recorder")
            screenings = Screenings(site.folder / "areas.db")
            port = site.ports["intake"]
            count = int((ALONE if variant == "alone" else SINGLES) * self._share)
            warm = int(WARM_UP * self._share)
            as_a_service(answered_a_second(port, screenings.singles(token, warm), 201, warm))
            singles = screenings.singles(token, count)
            found = as_a_service(answered_a_second(port, singles, 201, count))
            if variant == "as-it-is":
                self._measure_bulk(site, screenings, token)
                _check(site, warm + count + int(BULK * self._share))
        return found

    def _measure_bulk(self, site: Site, screenings: Screenings, token: str) -> None:
        until(site.at_rest, "the relay did not come to rest")
        count = int(BULK * self._share)
        bulks = screenings.bulks(token, count)
        self.bulk = as_a_service(answered_a_second(site.ports["intake"], bulks, 200, count))


def _check(site: Site, count: int) -> None:
    until(site.at_rest, "the relay did not come to rest")
    assert site.health()["intake"]["log_head"] == count


def measure(share: float = 1.0) -> list[Figure]:
    """Single posts beside both yardsticks, and bulk beside single posts."""
    rates: dict[str, list[float]] = {variant: [] for variant in VARIANTS}
    bulk = []
    for _ in range(ROUNDS):
        one = Round(share)
        for variant in VARIANTS:
            rates[variant].append(one.rate(variant))
        bulk.append(one.bulk)
    single, at_once, alone = (statistics.median(rates[variant]) for variant in VARIANTS)
    what = f"single POST, {CONNECTIONS} connections"
    return [
        Figure(what, single, "records/s", "the same route without the database", at_once, 0.8, 0.9,
               more_is_better=True),
        Figure(what, single, "records/s", "one transaction per request", alone, 2, 3,
               more_is_better=True),
        Figure("bulk NDJSON", statistics.median(bulk), "records/s", "single POST", single, 8, 20,
               more_is_better=True),
    ]  # fmt: skip


def main() -> None:
    print(f"single posts on {described()}")
    tell(measure())


if __name__ == "__main__":
    main()
