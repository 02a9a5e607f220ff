"""A model of log, relay, stream and reader under every fault at once, with the real classes.

Whatever happens and in whichever order, what the sink applied of a source is exactly a beginning
of that source's log: in order, nothing twice, nothing left out.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import orjson
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.faults.table import FAULT, Fault, row_of
from tests.support.core.fake_jetstream import Stored, Stream
from tests.support.core.pair import applied_numbers, dead_lettered, document_of, logged
from tests.support.core.simulation import (
    MAX_AGE_SECONDS,
    SOURCES,
    Rooms,
    Simulation,
    event_of,
    number_in,
)

pytestmark = pytest.mark.requirement("P1")

sources = st.sampled_from(SOURCES)
moments = st.sampled_from((0.0, 0.01, 0.3, 1.0, 2.5))
JUNK = b"junk"


class Model(RuleBasedStateMachine):
    """What may happen. Every rule lets some time pass after it."""

    rooms: ClassVar[Rooms]
    fault: ClassVar[Fault]

    def __init__(self) -> None:
        super().__init__()
        self.simulation = Simulation(self.rooms)
        self.odd: dict[str, set[int]] = {source: set() for source in SOURCES}
        self.passed: dict[str, set[int]] = {source: set() for source in SOURCES}
        self.tampered: set[str] = set()
        self.seen: dict[str, int] = dict.fromkeys(SOURCES, 0)

    def stream(self, source: str) -> Stream | None:
        return self.simulation.server.streams.get(source.upper())

    def pass_time(self, seconds: float) -> None:
        self.simulation.let(seconds)

    @rule(source=sources, count=st.sampled_from((1, 1, 2, 7, 40)), tell=st.booleans(), t=moments)
    def commit(self, source: str, count: int, tell: bool, t: float) -> None:
        self.simulation.commit(source, *[None] * count, tell=tell)
        self.pass_time(t)

    @rule(source=sources, count=st.integers(1, 3), t=moments)
    def commit_through_another_replica(self, source: str, count: int, t: float) -> None:
        self.simulation.commit(source, *[None] * count, tell=True)
        self.simulation.commit(source, None, tell=False)
        self.simulation.commit(source, *[None] * count, tell=True)
        self.pass_time(t)

    @rule(source=sources, t=moments)
    def commit_what_is_no_event(self, source: str, t: float) -> None:
        (row,) = self.simulation.commit(source, JUNK, tell=True)
        self.odd[source].add(row.sequence)
        self.pass_time(t)

    @rule(source=sources, t=moments)
    def commit_poison(self, source: str, t: float) -> None:
        poison = number_in(source, self.simulation.committed[source] + 1)
        self.simulation.whims.poison.add(poison)
        (row,) = self.simulation.commit(source, None, tell=True)
        self.odd[source].add(row.sequence)
        self.pass_time(t)

    @rule(source=sources, t=moments)
    def kill_relay(self, source: str, t: float) -> None:
        self.simulation.kill(f"relay of {source}")
        self.pass_time(t)
        self.simulation.start_relay(source, f"relay of {source}")

    @rule(source=sources, t=moments)
    def kill_reader(self, source: str, t: float) -> None:
        self.simulation.kill(f"reader of {source}")
        self.pass_time(t)
        self.simulation.start_reader(source, f"reader of {source}")

    @rule(source=sources, what=st.sampled_from(("relay", "reader")), t=moments)
    def start_or_end_a_rival(self, source: str, what: str, t: float) -> None:
        name = f"second {what} of {source}"
        if name in self.simulation.actors:
            self.simulation.kill(name)
        elif what == "relay":
            self.simulation.start_relay(source, name)
        else:
            self.simulation.start_reader(source, name)
        self.pass_time(t)

    @rule(count=st.integers(1, 3), t=moments)
    def lose_acks(self, count: int, t: float) -> None:
        self.simulation.server.acks_to_lose = count
        self.pass_time(t)

    @rule(count=st.integers(1, 3), t=moments)
    def lose_messages_of_a_batch(self, count: int, t: float) -> None:
        self.simulation.server.messages_to_lose = count
        self.pass_time(t)

    @rule(t=moments)
    def restart_the_server(self, t: float) -> None:
        self.simulation.server.stop()
        self.pass_time(t)
        self.simulation.server.up = True

    @rule(t=moments)
    def wipe(self, t: float) -> None:
        self.simulation.server.wipe()
        self.pass_time(t)

    @rule(source=sources, count=st.integers(1, 20), t=moments)
    def truncate(self, source: str, count: int, t: float) -> None:
        if self.stream(source) is not None:
            self.simulation.server.truncate(source.upper(), count)
        self.pass_time(t)

    @rule(source=sources, t=moments)
    def publish_junk(self, source: str, t: float) -> None:
        self.simulation.server.publish(f"events.{source}.junk", JUNK, {})
        self.pass_time(t)

    @rule(source=sources, t=moments)
    def commit_what_nobody_handles(self, source: str, t: float) -> None:
        sequence = self.simulation.committed[source] + 1
        unknown = orjson.loads(document_of(event_of(source, sequence), sequence))
        unknown["type"] = f"bulwark.{source}.unknown"
        self.simulation.commit(source, orjson.dumps(unknown), tell=True)
        self.passed[source].add(sequence)
        self.pass_time(t)

    def _unread(self, source: str) -> list[Stored]:
        """Messages before the last that the reader has still to read: harm there must be seen."""
        stream = self.stream(source)
        if stream is None:
            return []
        checkpoint = self.simulation.checkpoint(source)
        return [m for number, m in stream.messages.items() if checkpoint < number < stream.last]

    @rule(source=sources, at=st.integers(0, 9), hide=st.booleans(), t=moments)
    def harm_what_is_unread(self, source: str, at: int, hide: bool, t: float) -> None:
        """A bit flips, so that a message cannot be read; or another stands in its place."""
        self.simulation.kill(f"reader of {source}")
        self.simulation.commit(source, *[None] * 5, tell=True)
        self.pass_time(0.5)
        if unread := self._unread(source):
            message = unread[at % len(unread)]
            message.hidden, message.data = hide, message.data if hide else JUNK
            # A rival may have taken it in before; else it must be seen, and mended.
            if f"second reader of {source}" in self.simulation.actors:
                self.tampered.add(source)
        self.simulation.start_reader(source, f"reader of {source}")
        self.pass_time(t)

    @rule()
    @precondition(lambda self: self.simulation.loop.time() < 20 * MAX_AGE_SECONDS)
    def let_messages_age_out(self) -> None:
        self.pass_time(60)
        self.simulation.server.stop()
        self.pass_time(1)
        self.simulation.loop._virtual.now += MAX_AGE_SECONDS
        self.simulation.server.up = True
        self.pass_time(1)

    @invariant()
    def nothing_has_failed_for_good(self) -> None:
        assert self.simulation.failures() == []

    @invariant()
    def what_was_applied_is_a_beginning_of_the_log(self) -> None:
        sink = self.simulation.databases["sink"]
        aside = dead_lettered(sink)
        for source in SOURCES:
            found = applied_numbers(sink, source)
            checkpoint = self.simulation.checkpoint(source)
            left_out = self.odd[source] | self.passed[source]
            good = [n for n in range(1, checkpoint + 1) if n not in left_out]
            assert found == [(n, number_in(source, n)) for n in good]
            assert checkpoint >= self.seen[source]
            self.seen[source] = checkpoint
        expected = sum(
            number <= self.simulation.checkpoint(source)
            for source, numbers in self.odd.items()
            for number in numbers
        )
        assert len(aside) == expected

    def teardown(self) -> None:
        try:
            self._all_is_well_in_the_end()
        finally:
            self.simulation.close()

    def _all_is_well_in_the_end(self) -> None:
        """With the faults over, everyone catches up; who is behind after a refill by command."""
        simulation = self.simulation
        simulation.server.up = True
        simulation.server.acks_to_lose = simulation.server.messages_to_lose = 0
        heads = {source: len(logged(simulation.databases[source])) for source in SOURCES}
        for turn in range(60):
            self.pass_time(2)
            self.what_was_applied_is_a_beginning_of_the_log()
            if all(self._ends_at(source, head) for source, head in heads.items()):
                break
            if turn % 10 == 9:
                self._refill_who_is_behind()
        self.nothing_has_failed_for_good()
        assert {source: simulation.checkpoint(source) for source in SOURCES} == heads
        for source in SOURCES:
            self._stream_is_a_copy(source)
        self.fault.times += 1
        self.fault.records += sum(heads.values())

    def _ends_at(self, source: str, head: int) -> bool:
        """Whether reader and stream have come to a log's end: a relay sees within seconds that its
        stream is gone."""
        stream = self.stream(source)
        return (
            self.simulation.checkpoint(source) == head
            and stream is not None
            and stream.last == head
        )

    def _refill_who_is_behind(self) -> None:
        for source in SOURCES:
            reader = self.simulation.actors[f"reader of {source}"].part
            if getattr(reader, "behind", False):
                wish = b'{"created":null,"sequence":%d}' % (reader.checkpoint + 1)  # type: ignore[union-attr]
                self.simulation.server.deliver(f"repair.{source}", wish)

    def _stream_is_a_copy(self, source: str) -> None:
        stream = self.stream(source)
        log = dict(logged(self.simulation.databases[source]))
        assert stream is not None
        assert stream.last == len(log)
        if source not in self.tampered:
            held = {number: stored.data for number, stored in stream.messages.items()}
            assert held == {n: document for n, document in log.items() if n >= stream.first}


def test_consumers_stay_open_when_nothing_happens_for_minutes(
    tmp_path: Path, logs: list[Any]
) -> None:
    rooms = Rooms(tmp_path)
    simulation = Simulation(rooms)
    try:
        simulation.commit("source", None, None, tell=True)
        simulation.let(10)
        assert simulation.checkpoint("source") == 2
        logs.clear()
        # Pulls run out at every moment of the reader's own rounds.
        for turn in range(3, 11):
            simulation.let(70.3)
            before = simulation.loop.time()
            simulation.commit("source", None, tell=True)
            while simulation.checkpoint("source") < turn:
                simulation.let(0.01)
                assert simulation.loop.time() < before + 0.2
        assert [entry for entry in logs if entry["event"] == "reader.retry"] == []
    finally:
        simulation.close()
        rooms.close()


def test_what_is_applied_is_a_beginning_of_the_log_when_anything_happens(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    full = request.config.getoption("--faults") == "full"
    Model.rooms = Rooms(tmp_path)
    Model.fault = Fault("Model of log, relay, stream and reader: anything, in any order", "sqlite")
    try:
        run_state_machine_as_test(
            Model,
            settings=settings(
                max_examples=1000 if full else 50,
                stateful_step_count=50,
                deadline=None,
                derandomize=True,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        Model.rooms.close()
    # Each example has compared all that there was.
    Model.fault.lost = Model.fault.doubled = 0
    record_property(FAULT, row_of(Model.fault))
