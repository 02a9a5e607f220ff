"""Broadcasting events to the watchers of this process, as they are applied here. P5."""

from collections.abc import Iterable
from typing import Any

from shared.events.base import Event
from shared.events.envelope import Recorded
from shared.writer.handlers import Tx


def broadcast_on_commit(tx: Tx, run: Iterable[Recorded[Any]]) -> None:
    """Broadcast a run of events; who watches chooses."""
    for recorded in run:
        tx.broadcast_on_commit(recorded)


def broadcast_own(tx: Tx, recorded: Recorded[Any]) -> Iterable[Event]:
    """Broadcast an event of rollup itself."""
    tx.broadcast_on_commit(recorded)
    return ()
