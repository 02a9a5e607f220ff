"""Telling the watchers of this process what happens, as it is applied here. P5."""

from collections.abc import Iterable
from typing import Any

from shared.events.base import Event
from shared.events.envelope import Recorded
from shared.writer.handlers import Tx


def broadcast_on_commit(tx: Tx, run: Iterable[Recorded[Any]]) -> None:
    """Announce a run of events; who watches chooses."""
    for recorded in run:
        tx.broadcast_on_commit(recorded)


def announce_own(tx: Tx, recorded: Recorded[Any]) -> Iterable[Event]:
    """Announce an event of rollup itself."""
    tx.broadcast_on_commit(recorded)
    return ()
