"""What a site answered with 2xx, in a synced file as a client outside of it would keep it."""

import os
import threading
from collections.abc import Mapping
from pathlib import Path

FEVER_C = 38.5


class Ledger:
    """Id and temperature of each accepted record; several callers may enter at once.

    `accepted` is for waiting and counting while records flow; a check reads the file.
    """

    def __init__(self, file: Path) -> None:
        self.accepted: dict[str, float] = {}
        self._file = file
        self._turn = threading.Lock()

    def enter(self, records: Mapping[str, float]) -> None:
        """Note what was accepted; it is on the disk when this returns."""
        lines = "".join(f"{id_} {temperature}\n" for id_, temperature in records.items())
        with self._turn, self._file.open("a") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
            self.accepted.update(records)

    def read(self) -> dict[str, float]:
        """What the file holds; empty before anything was accepted."""
        if not self._file.exists():
            return {}
        entries = (line.split() for line in self._file.read_text().splitlines())
        return {id_: float(temperature) for id_, temperature in entries}
