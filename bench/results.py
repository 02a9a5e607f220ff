"""The figures of a run, each beside its yardstick, as a table: `bench/results.md`."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.machine import described

RESULTS = Path(__file__).with_name("results.md")
# Written by hand from profiles: looked through again when a row changes.
DISTANCES = Path(__file__).with_name("distances.md")
HEAD = """\
# Measured

{when} (UTC) on {machine}.

Every figure is the median of at least three runs, but for memory after many records and what it
grows by, which are read once, and processor time of imports, which is the least of five.
A yardstick is of the same run, and what is to be reached is then the ratio of the two, else the
figure itself.

| what | figure | yardstick | ratio | to reach | wanted | |
|---|---|---|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure, in a unit; `beside` is what the `yardstick` came to, in the same unit.

    `reach` and `wanted` are limits of the ratio of both, of the value where nothing is beside it.
    """

    what: str
    value: float
    unit: str
    yardstick: str = ""
    beside: float | None = None
    reach: float | None = None
    wanted: float | None = None
    more_is_better: bool = False

    @property
    def ratio(self) -> float | None:
        """The value by its yardstick's."""
        return None if self.beside is None else self.value / self.beside

    @property
    def judged(self) -> float:
        """What is held against the limits."""
        return self.value if self.ratio is None else self.ratio

    def meets(self, limit: float) -> bool:
        """Whether a limit is kept."""
        return self.judged >= limit if self.more_is_better else self.judged <= limit

    @property
    def verdict(self) -> str:
        """`met`, or by how much it was missed."""
        if self.reach is None:
            return ""
        if not self.meets(self.reach):
            return f"**missed by {abs(self.judged / self.reach - 1):.0%}**"
        if self.wanted is None:
            return "met"
        if self.meets(self.wanted):
            return "met, as wanted"
        return f"met, {abs(self.judged / self.wanted - 1):.0%} from wanted"

    def __str__(self) -> str:
        """One line for the person at the terminal."""
        line = f"  {self.what}: {plain(self.value)} {self.unit}"
        if self.beside is not None and self.ratio is not None:
            line += f"; {self.yardstick}: {plain(self.beside)}; ratio {plain(self.ratio)}"
        if self.reach is not None:
            line += f" (to reach: {plain(self.reach)}; {self.verdict.strip('*')})"
        return line

    @property
    def row(self) -> str:
        """Its row in the table."""
        cells = (
            self.what,
            f"{plain(self.value)} {self.unit}",
            self.yardstick if self.beside is None else f"{self.yardstick}: {plain(self.beside)}",
            plain(self.ratio),
            plain(self.reach),
            plain(self.wanted),
            self.verdict,
        )
        return "| " + " | ".join(cells) + " |\n"


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """What could not be measured, and why."""

    what: str
    why: str

    def __str__(self) -> str:
        """One line for the person at the terminal."""
        return f"  {self.what}: not measured: {self.why}"

    @property
    def row(self) -> str:
        """Its row in the table, as wide as the others."""
        return f"| {self.what} | not measured: {self.why} |  |  |  |  |  |\n"


def plain(number: float | None) -> str:
    """A number with three digits that mean something; nothing for none."""
    if number is None:
        return ""
    if number == 0:
        return "0"
    places = max(0, 2 - math.floor(math.log10(abs(number))))
    text = f"{number:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def tell(figures: Sequence[Figure | Unmeasured]) -> None:
    """Print figures."""
    for figure in figures:
        print(figure)


def write(figures: Sequence[Figure | Unmeasured]) -> None:
    """Write the table anew, with what is known of its distances."""
    head = HEAD.format(when=f"{datetime.now(UTC):%Y-%m-%d %H:%M}", machine=described())
    rows = "".join(figure.row for figure in figures)
    RESULTS.write_text(head + rows + DISTANCES.read_text(encoding="utf-8"), encoding="utf-8")
