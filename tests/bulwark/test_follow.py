"""The subjects that `bulwark events` asks for."""

import pytest

from bulwark.follow import Wanted


@pytest.mark.parametrize(
    ("area", "tail"),
    [
        ("", ">"),
        ("220581", "22.05.81.>"),
        ("220581001003", "22.05.81.001.003.>"),
        ("220581001003001", "22.05.81.001.003.001"),
    ],
)
def test_subject_names_the_area_when_one_is_wanted(area: str, tail: str) -> None:
    assert Wanted(area).subjects("alerts") == [f"events.alerts.*.{tail}"]
    assert Wanted(area, ("a", "b")).subjects("x") == [f"events.x.a.{tail}", f"events.x.b.{tail}"]
