"""Small pieces of SQL."""

import pytest

from shared.database.sql import KEYS_AT_ONCE, pieces


@pytest.mark.parametrize("count", [0, 1, KEYS_AT_ONCE, KEYS_AT_ONCE + 1, 2 * KEYS_AT_ONCE])
def test_every_key_is_in_one_short_piece_when_there_are_so_many(count: int) -> None:
    keys = [str(number) for number in range(count)]
    found = list(pieces(iter(keys)))
    assert [key for piece in found for key in piece] == keys
    assert all(0 < len(piece) <= KEYS_AT_ONCE for piece in found)
