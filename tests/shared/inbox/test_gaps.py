"""A message that cannot be read is a gap, which its owner repairs, whatever comes before it."""

from pathlib import Path

import orjson
import pytest

from tests.support.core.pair import document_of
from tests.support.core.simulation import Rooms, Simulation, event_of


@pytest.mark.requirement("P1")
def test_gap_is_repaired_when_the_events_before_it_concern_nobody(tmp_path: Path) -> None:
    rooms = Rooms(tmp_path)
    simulation = Simulation(rooms)
    try:
        simulation.commit("source", None, tell=True)
        simulation.let(3)
        assert simulation.checkpoint("source") == 1
        simulation.kill("reader of source")
        unheard = orjson.loads(document_of(event_of("source", 2), 2))
        unheard["type"] = "bulwark.source.unknown"
        simulation.commit("source", orjson.dumps(unheard), None, None, tell=True)
        simulation.let(1)
        simulation.server.streams["SOURCE"].messages[3].hidden = True
        simulation.start_reader("source", "reader of source")
        simulation.let(20)
        assert simulation.checkpoint("source") == 4
    finally:
        simulation.close()
        rooms.close()
