"""When a volunteer may serve, and how one is shown. V3."""

from datetime import datetime, timedelta

import pytest

from services.volunteers.helpers.domain import (
    Fever,
    barring,
    bars,
    masked_name,
    masked_phone,
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


@pytest.mark.parametrize(
    ("name", "masked"), [("王小明", "王**"), ("王", "王*"), ("Ann Lee", "A******")]
)
def test_first_character_alone_shows_when_a_name_is_masked(name: str, masked: str) -> None:
    assert masked_name(name) == masked


@pytest.mark.parametrize(
    ("phone", "masked"), [("13812345678", "138****5678"), ("1234567", "*******"), ("", "")]
)
def test_middle_is_hidden_when_a_phone_is_masked(phone: str, masked: str) -> None:
    assert masked_phone(phone) == masked
