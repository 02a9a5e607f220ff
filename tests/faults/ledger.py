"""What a site answered with 2xx, in a synced file as a client outside of it would keep it."""

import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

FEVER_C = 38.5
# Whoever sends one record after another from the test itself.
TEST = "test"


class Entry(NamedTuple):
    """An accepted record: its temperature, and who sent it."""

    temperature: float
    caller: str


class Ledger:
    """Each accepted record, by its id; several callers may enter at once.

    A caller enters what it sent in the order in which it was accepted. `accepted` is for waiting
    and counting while records flow; a check reads the file.
    """

    def __init__(self, file: Path) -> None:
        self.accepted: dict[str, float] = {}
        self._file = file
        self._turn = threading.Lock()

    def enter(self, records: Mapping[str, float], caller: str = TEST) -> None:
        """Note what was accepted; it is on the disk when this returns."""
        lines = "".join(f"{id_} {degrees} {caller}\n" for id_, degrees in records.items())
        with self._turn, self._file.open("a") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
            self.accepted.update(records)

    def read(self) -> dict[str, Entry]:
        """What the file holds, in order; empty before anything was accepted."""
        if not self._file.exists():
            return {}
        lines = (line.split() for line in self._file.read_text().splitlines())
        return {id_: Entry(float(degrees), caller) for id_, degrees, caller in lines}
