"""The ordinary screenings of a drill, generated from a seed: the same in every run."""

import datetime as dt
from collections.abc import Iterator
from random import Random
from typing import Any
from uuid import UUID

from bulwark.drill.scenario import Calendar, Routine

HOUR = dt.timedelta(hours=1)


def hourly(
    calendar: Calendar, routine: Routine, number: int
) -> Iterator[tuple[dt.datetime, list[dict[str, Any]]]]:
    """`(hour's end, the screenings of that hour)` over all days, none of them feverish."""
    # Not for secrets: the same seed must give the same screenings.
    dice = Random(f"{calendar.scenario.seed}:{number}")  # noqa: S311
    hours = routine.to_hour - routine.from_hour
    for day in range(1, calendar.scenario.days + 1):
        begins = calendar.moment(day, dt.time(routine.from_hour))
        batches: list[list[dict[str, Any]]] = [[] for _ in range(hours)]
        for area in routine.areas:
            for _ in range(routine.per_day):
                at = dice.random() * hours
                batches[int(at)].append(_screening(dice, area, begins + at * HOUR, routine))
        for hour, batch in enumerate(batches, 1):
            yield begins + hour * HOUR, sorted(batch, key=lambda one: str(one["occurred_at"]))


def _screening(dice: Random, area: str, at: dt.datetime, routine: Routine) -> dict[str, Any]:
    temperature = min(dice.gauss(routine.mean_c, routine.spread_c), routine.below_c)
    return {
        "id": str(UUID(int=dice.getrandbits(128), version=4)),
        "area": area,
        "place_kind": routine.place_kind,
        "temperature_c": round(max(temperature, 35.5), 1),
        "health_code": "green",
        "direction": dice.choice(("entry", "exit")),
        "occurred_at": at.isoformat(timespec="seconds"),
    }
