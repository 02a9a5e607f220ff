"""`make bench`: every measurement, one after the other, each beside its yardstick."""

from bench import county_order, fever_latency, start_and_memory


def main() -> None:
    for measurement in (start_and_memory, fever_latency, county_order):
        measurement.main()
        print()


if __name__ == "__main__":
    main()
