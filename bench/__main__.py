"""`make bench`: every measurement, one after the other, each beside its yardstick.

The table is in `bench/results.md`; `--records 200000` looks at memory after fewer than a million.
"""

from collections.abc import Callable, Sequence

from bench import (
    catch_up,
    county_order,
    drill,
    fever_latency,
    figures_read,
    imports,
    national_tree,
    relay,
    single_posts,
    start_and_memory,
    throughput,
)
from bench.machine import described
from bench.results import RESULTS, Figure, Unmeasured, tell, write


def main() -> None:
    records = start_and_memory.records_asked()
    measurements: tuple[Callable[[], Sequence[Figure | Unmeasured]], ...] = (
        throughput.measure,
        relay.measure,
        single_posts.measure,
        fever_latency.measure,
        county_order.measure,
        figures_read.measure,
        catch_up.measure,
        national_tree.measure,
        drill.measure,
        imports.measure,
        lambda: start_and_memory.measure(records),
    )
    print(f"on {described()}")
    figures: list[Figure | Unmeasured] = []
    for measure in measurements:
        found = measure()
        tell(found)
        figures += found
        # What there is is kept, should a later one fail.
        write(figures)
    print(f"written to {RESULTS}")


if __name__ == "__main__":
    main()
