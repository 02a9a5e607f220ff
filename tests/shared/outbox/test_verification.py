"""Verification: every kind of fault of a stream is found, and nothing else is taken for one."""

from collections.abc import Iterator

import pytest

from shared.database.engine import Database
from shared.nats.connection import StreamRefused
from shared.outbox.verification import DATABASE_OLDER, StreamCheck
from shared.writer import log as event_log
from tests.support.core.fake_client import FakeBus
from tests.support.core.fake_jetstream import Server, Stored, Stream
from tests.support.core.pair import Open, append, document_of, logged, noted
from tests.support.core.virtual_time import VirtualLoop

AGE_SECONDS = 3600
NOW_MS = 1_700_000_000_000


class Bench:
    """A log of ten rows, and a stream in memory to be compared with it."""

    def __init__(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        self.database = database
        self._monkeypatch = monkeypatch
        self.set_clock(NOW_MS)
        append(database, *[noted(number) for number in range(10)])
        self.server = Server()
        self.loop = VirtualLoop()
        self.bus = FakeBus(self.server)
        self.check = StreamCheck("source", database, self.bus, AGE_SECONDS)
        self.stream = Stream({"name": "SOURCE", "subjects": [], "max_age": 10**18}, "birth", 0)
        self.server.streams["SOURCE"] = self.stream
        for number, document in logged(database):
            self.put(number, document)

    def set_clock(self, ms: int) -> None:
        """The machine's time."""
        self._monkeypatch.setattr(event_log, "machine_ms", lambda: ms)

    def put(self, number: int, document: bytes) -> None:
        """A message of the stream."""
        self.stream.messages[number] = Stored("events.source.noted", document, {}, NOW_MS)
        self.stream.last = max(self.stream.last, number)

    def forget(self, *numbers: int) -> None:
        """Messages that the stream no longer has."""
        for number in numbers:
            del self.stream.messages[number]

    def rows_gone(self, upto: int) -> None:
        """The log was pruned."""
        with self.database.write_engine.begin() as connection:
            connection.execute(event_log.events.delete().where(event_log.events.c.sequence <= upto))

    def fault(self) -> str | None:
        """The fault that verification finds."""

        async def look() -> str | None:
            state = await self.bus.stream("SOURCE")
            assert state is not None
            return await self.check.fault(state)

        return self.loop.run_until_complete(look())


@pytest.fixture
def bench(new_file: Open, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    bench = Bench(new_file(), monkeypatch)
    yield bench
    bench.loop.close()


def test_no_fault_is_found_when_the_stream_is_a_copy_so_far(bench: Bench) -> None:
    assert bench.fault() is None
    bench.forget(10)
    bench.stream.last = 9
    assert bench.fault() is None


def test_no_fault_is_found_when_a_new_stream_is_empty(bench: Bench) -> None:
    """A server reports 0 to 0 for a stream that was created without a first sequence."""
    bench.forget(*range(1, 11))
    bench.stream.last = 0
    assert bench.fault() is None


def test_stream_that_ends_before_the_oldest_row_is_bad(bench: Bench) -> None:
    bench.rows_gone(5)
    bench.forget(*range(4, 11))
    bench.stream.last = 3
    assert bench.fault() == "ends before the log's oldest row"


def test_stream_that_ends_right_before_the_oldest_row_is_no_fault(bench: Bench) -> None:
    bench.rows_gone(5)
    bench.forget(*range(6, 11))
    bench.stream.last = 5
    bench.put(5, b"what the log no longer knows")
    assert bench.fault() == "its last message is not the log's"
    bench.set_clock(NOW_MS + 2 * AGE_SECONDS * 1000)
    bench.forget(*range(1, 6))
    assert bench.fault() is None


@pytest.mark.parametrize("gone", [(4,), (2, 9), tuple(range(2, 10))])
def test_stream_with_fewer_messages_than_numbers_is_bad(
    bench: Bench, gone: tuple[int, ...]
) -> None:
    bench.forget(*gone)
    assert bench.fault() == "holds fewer messages than its numbers span"


def test_stream_whose_last_message_cannot_be_read_is_bad(bench: Bench) -> None:
    bench.stream.messages[10].hidden = True
    assert bench.fault() == "its last message cannot be read"


@pytest.mark.parametrize("body", [b"junk", document_of(noted(99), 9)])
def test_stream_whose_last_message_is_another_is_bad(bench: Bench, body: bytes) -> None:
    bench.put(10, body)
    assert bench.fault() == "its last message is not the log's"


def test_database_is_older_when_the_last_message_is_another_event_of_ours(bench: Bench) -> None:
    bench.put(10, document_of(noted(99), 10))
    assert bench.fault() == DATABASE_OLDER


@pytest.mark.parametrize(
    ("seconds", "bad"), [(0, True), (3590, True), (3600, False), (7200, False)]
)
def test_stream_that_lacks_what_is_young_is_bad(bench: Bench, seconds: int, bad: bool) -> None:
    bench.set_clock(NOW_MS + seconds * 1000)
    bench.forget(1, 2, 3)
    assert bench.fault() == ("lacks messages that are within its retention" if bad else None)
    bench.forget(*range(4, 11))
    assert bench.fault() == ("lacks messages that are within its retention" if bad else None)


def test_database_is_older_when_an_event_of_ours_follows_the_log(bench: Bench) -> None:
    bench.put(11, document_of(noted(11), 11))
    assert bench.fault() == DATABASE_OLDER
    bench.put(12, b"junk behind it")
    assert bench.fault() == DATABASE_OLDER
    # Whatever else is wrong with the stream: it may be the only one that knows these events.
    bench.forget(5)
    assert bench.fault() == DATABASE_OLDER


def test_database_is_older_when_only_the_last_event_of_ours_can_be_read(bench: Bench) -> None:
    for number in (11, 12, 13):
        bench.put(number, document_of(noted(number), number))
    bench.forget(11)
    assert bench.fault() == DATABASE_OLDER


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b"junk",
        b"[]",
        b'{"source":"/test/other","sequence":"11"}',
        b'{"source":"/test/source","sequence":"10"}',
    ],
)
def test_stream_that_goes_on_with_junk_is_bad(bench: Bench, junk: bytes) -> None:
    bench.put(11, junk)
    assert bench.fault() == "goes beyond the log with messages that are not our events"


def test_empty_stream_that_ends_beyond_the_log_is_bad(bench: Bench) -> None:
    bench.forget(*range(1, 11))
    bench.stream.last = 15
    assert bench.fault() == "goes beyond the log with messages that are not our events"


def test_no_fault_is_reported_when_the_server_cannot_read_its_store(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = (
        b'{"error":{"err_code":10008,"description":"JetStream system temporarily unavailable"}}'
    )
    real = bench.server.api
    monkeypatch.setattr(
        bench.server,
        "api",
        lambda verb, body: answer if "MSG.GET" in verb else real(verb, body),
    )
    with pytest.raises(StreamRefused, match="10008"):
        bench.fault()


@pytest.mark.parametrize(
    ("age", "wanted", "first"),
    [
        (0, None, 1),
        (0, 7, 1),
        (7200, None, 11),
        (7200, 4, 4),
        (7200, 99, 11),
        (7200, -5, 3),
        (7200, 1, 3),
    ],
)
def test_new_stream_begins_with_what_is_young_or_wanted(
    bench: Bench, age: int, wanted: int | None, first: int
) -> None:
    if age:
        bench.rows_gone(2)
    bench.set_clock(NOW_MS + age * 1000)
    assert bench.check.first_number(wanted) == first


def test_new_stream_begins_after_the_head_when_every_row_is_gone(bench: Bench) -> None:
    bench.rows_gone(10)
    assert bench.check.first_number(None) == 11
    assert bench.check.first_number(1) == 11
