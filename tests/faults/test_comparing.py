"""The comparing of ledger and logs finds what a fault would do to them."""

from collections import Counter
from collections.abc import Iterable

import pytest

from tests.faults.comparing import Comparison
from tests.faults.ledger import FEVER_C, Entry

NORMAL_C = 36.5
# Two callers whose records came in turn; b and d are fevers.
ACCEPTED = {
    "a": Entry(NORMAL_C, "0"),
    "b": Entry(FEVER_C, "1"),
    "c": Entry(NORMAL_C, "0"),
    "d": Entry(FEVER_C, "1"),
}


def compared(logged: Iterable[str], fevers: Iterable[str]) -> Comparison:
    """The four beside two logs."""
    return Comparison(ACCEPTED, Counter(logged), Counter(fevers))


def test_nothing_is_wanting_when_callers_interleave_in_another_way() -> None:
    found = compared("bdac", "bd")
    found.judge()
    assert (found.lost, found.doubled) == (0, 0)


@pytest.mark.parametrize(
    ("logged", "fevers", "lost", "doubled", "why"),
    [
        ("abd", "bd", 1, 0, "1 of 1 are not in the log"),
        ("abcd", "b", 1, 0, "0 of 1 are not in the log"),
        ("abccd", "bd", 0, 1, "1 records are in a log more than once"),
        ("abcd", "bbd", 0, 1, "1 records are in a log more than once"),
        ("abcde", "bd", 0, 0, "what nobody was told of"),
        ("abcd", "abd", 0, 0, "not those sent"),
        ("cbad", "bd", 0, 0, "a caller's records are out of order"),
        ("abcd", "db", 0, 0, "fevers are out of order"),
    ],
)
def test_a_site_is_found_wanting_when_a_log_is_not_what_was_accepted(
    logged: str, fevers: str, lost: int, doubled: int, why: str
) -> None:
    found = compared(logged, fevers)
    with pytest.raises(AssertionError, match=why):
        found.judge()
    assert (found.lost, found.doubled) == (lost, doubled)


def test_fevers_may_be_out_of_order_when_a_person_put_some_back() -> None:
    compared("abcd", "db").judge(fevers_in_order=False)
