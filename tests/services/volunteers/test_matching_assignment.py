"""The assignment problem, against every other way to place the rows. V2."""

from collections.abc import Sequence
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.volunteers.matching.assignment import best_columns


def matrices(rows: st.SearchStrategy[int], worth: st.SearchStrategy[float]) -> st.SearchStrategy:
    return st.tuples(rows, st.integers(1, 5)).flatmap(
        lambda shape: st.lists(
            st.lists(worth, min_size=shape[1], max_size=shape[1]),
            min_size=shape[0],
            max_size=shape[0],
        )
    )


def total(worths: Sequence[Sequence[float]], columns: Sequence[int]) -> float:
    return sum(
        row[column] for row, column in zip(worths, columns, strict=True) if column < len(row)
    )


def by_trying_all(worths: Sequence[Sequence[float]]) -> float:
    wide = max(len(worths), len(worths[0]))
    return max(total(worths, columns) for columns in permutations(range(wide), len(worths)))


# Few values make many ties, and 0 is what may not be.
WORTHS = st.sampled_from([0.0, 1.0, 2.5]) | st.floats(0, 100)


@pytest.mark.requirement("V2")
@given(matrices(st.integers(1, 5), WORTHS))
def test_no_other_placing_is_worth_more_when_all_are_tried(worths: list[list[float]]) -> None:
    columns = best_columns(worths)
    assert len(set(columns)) == len(columns) == len(worths)
    assert total(worths, columns) == pytest.approx(by_trying_all(worths))


@given(matrices(st.integers(1, 4), st.integers(-9, 9).map(float)))
def test_the_best_is_found_when_worths_are_negative(worths: list[list[float]]) -> None:
    assert total(worths, best_columns(worths)) == by_trying_all(worths)


@pytest.mark.parametrize("size", [1, 2, 30, 120])
def test_rows_take_columns_in_order_when_worths_are_products(size: int) -> None:
    # By the rearrangement inequality; every row wants the last column, and all must move for each.
    worths = [[float(row * column) for column in range(1, size + 1)] for row in range(1, size + 1)]
    assert best_columns(worths) == list(range(size))


def test_rows_left_over_get_numbers_beyond_when_columns_are_few() -> None:
    assert sorted(best_columns([[1.0], [3.0], [2.0]])) == [0, 1, 2]
    assert best_columns([[1.0], [3.0], [2.0]])[1] == 0


def test_nothing_is_placed_when_there_are_no_rows() -> None:
    assert best_columns([]) == []
