"""The pauses between attempts."""

from itertools import islice

from shared.backoff import pauses


def test_pauses_double_up_to_a_second_when_attempts_go_on_failing() -> None:
    assert list(islice(pauses(), 7)) == [0.05, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
