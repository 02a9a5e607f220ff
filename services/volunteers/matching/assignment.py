"""The assignment problem, solved exactly: which row takes which column, at the greatest total.

Rows are placed one after the other, each along a shortest augmenting path (Jonker and Volgenant,
1987). Prices on rows and columns keep every reduced cost at zero or more, which lets Dijkstra's
algorithm find that path.
"""

from collections.abc import Sequence

NONE = -1


def best_columns(worths: Sequence[Sequence[float]]) -> list[int]:
    """The column of each row, all different, so that the worths add up to the most.

    Of more rows than columns, those left over are given numbers beyond the last column.
    """
    columns = max(map(len, worths), default=0)
    spare = [0.0] * (len(worths) - columns)
    costs = [[*(-worth for worth in row), *spare] for row in worths]
    search = _Search(costs, columns + len(spare))
    for row in range(len(costs)):
        search.place(row)
    return search.column_of


class _Search:
    """Rows that have their best columns so far, and the prices that prove it."""

    def __init__(self, costs: Sequence[Sequence[float]], columns: int) -> None:
        self.column_of = [NONE] * len(costs)
        self._costs = costs
        self._row_at = [NONE] * columns
        self._row_prices = [min(row) for row in costs]
        self._column_prices = [0.0] * columns

    def place(self, new: int) -> None:
        """Give one more row a column; the rows along the path move on to make room for it."""
        row_at, prices = self._row_at, self._column_prices
        distance, came_from = [float("inf")] * len(row_at), [new] * len(row_at)
        ahead, settled = list(range(len(row_at))), list[int]()
        row, reached = new, 0.0
        while row != NONE:
            costs, base = self._costs[row], reached - self._row_prices[row]
            for column in ahead:
                through = base + costs[column] - prices[column]
                if through < distance[column]:
                    distance[column], came_from[column] = through, row
            last = min(ahead, key=distance.__getitem__)
            ahead.remove(last)
            settled.append(last)
            row, reached = row_at[last], distance[last]
        self._row_prices[new] += reached
        for column in settled[:-1]:
            gain = reached - distance[column]
            self._row_prices[row_at[column]] += gain
            prices[column] -= gain
        while row != new:
            row = row_at[last] = came_from[last]
            self.column_of[row], last = last, self.column_of[row]
