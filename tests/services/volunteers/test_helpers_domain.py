"""When a volunteer may serve. V3."""

from datetime import datetime, timedelta

import pytest

from services.volunteers.helpers.domain import (
    Fever,
    barring,
    bars,
    standing,
)
from shared.clock.clock import CST

FOUND = datetime(2021, 1, 18, 8, tzinfo=CST)


@pytest.mark.requirement("V3")
@pytest.mark.parametrize(
    ("outcome", "days", "barred"),
    [
        (None, 0, True),
        (None, 100, True),
        ("false_alarm", 0, False),
        ("isolated", 1, True),
        ("referred", 13.9, True),
        ("referred", 14, False),
    ],
)
def test_fever_bars_when_open_or_closed_within_the_window(
    outcome: str | None, days: float, barred: bool
) -> None:
    assert bars(Fever("a", FOUND, outcome), FOUND + timedelta(days=days), 14) is barred


def test_latest_fever_bars_when_there_are_several() -> None:
    later = Fever("b", FOUND + timedelta(hours=1), None)
    fevers = [Fever("a", FOUND, None), later, Fever("c", FOUND, "false_alarm")]
    assert barring(fevers, FOUND, 14) == later
    assert barring([], FOUND, 14) is None


def test_own_wish_to_be_away_stands_when_nothing_bars() -> None:
    assert (standing(None), standing("rest")) == ("available", "away")
