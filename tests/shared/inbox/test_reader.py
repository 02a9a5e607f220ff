"""The reader on a real server: every event is applied once and in order, faults are repaired."""

import asyncio
from random import Random
from typing import Any

import orjson
import pytest
from sqlalchemy import insert, text, update
from sqlalchemy.exc import OperationalError

from shared.database.engine import Database
from shared.inbox.checkpoints import checkpoint_and_digest, checkpoints
from shared.inbox.reader import CheckpointNotInLog, Reader
from shared.nats.consumer import PullConsumer
from shared.nats.stream import StreamSettings
from shared.outbox.verification import digest_of
from shared.runtime.runtime import Runtime
from tests.support.core.pair import (
    Open,
    Whims,
    another,
    append,
    applied_numbers,
    dead_lettered,
    document_of,
    logged,
    make_sink,
    make_source,
    noted,
    unknown_type,
)
from tests.support.core.reading import Pair
from tests.support.core.stage import Stage
from tests.support.harness import eventually

pytestmark = pytest.mark.requirement("P1")

BEHIND = "bulwark_reader_behind"


async def _kill_reader(runtime: Runtime) -> None:
    """End the reader's loop wherever it is, and start another as a new process would."""
    for task in [task for task in runtime._tasks if "reader" in task.get_name()]:
        while not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=0.1)
    runtime.readers = [Reader("source", runtime.writer, runtime.database, runtime.bus)]
    runtime._spawn(runtime.readers[0].run(), "reader of source")


def test_events_are_applied_once_in_order_when_the_reader_is_killed_at_random(pair: Pair) -> None:
    dice = Random(5)
    pair.start_sink()
    number = 0
    for _round in range(12):
        count = dice.choice((1, 40, 300))
        pair.note(*range(number, number + count))
        number += count
        pair.stage.run(asyncio.sleep(dice.random() * 0.03))
        pair.stage.run(_kill_reader(pair.sink))
    pair.check()
    assert pair.stage.complaints == []


def test_sink_echoes_into_its_own_stream_when_it_reacts(pair: Pair) -> None:
    pair.whims.echo = True
    pair.start_sink()
    pair.note(*range(20))
    pair.check()
    eventually(lambda: pair.stage.streamed("SINK") == logged(pair.sink_database))
    echoed = [orjson.loads(document)["data"] for _, document in logged(pair.sink_database)]
    assert [one["number"] for one in echoed] == list(range(20))
    assert all(one["because"][0]["type"] == "bulwark.source.noted" for one in echoed)


@pytest.mark.usefixtures("overslept")
def test_events_are_applied_once_when_two_replicas_read(pair: Pair) -> None:
    pair.start_sink()
    url = pair.sink_database.write_engine.url.render_as_string(hide_password=False)
    replica = pair.stage.start(make_sink(pair.whims, "source"), Database(url))
    for turn in range(15):
        pair.note(*range(turn * 20, turn * 20 + 20))
    pair.check()
    eventually(lambda: replica.readers[0].checkpoint == pair.checkpoint())
    assert replica.failure is None


def test_reader_is_beyond_retention_until_a_refill_when_messages_aged_out(
    stage: Stage, new_file: Open, logs: list[Any]
) -> None:
    pair = Pair(stage, new_file, StreamSettings(max_age_seconds=1.5))
    pair.note(*range(30))
    eventually(lambda: stage.state().get("last_seq") == 30 and stage.state()["messages"] == 0)
    pair.start_sink()
    eventually(lambda: pair.reader.beyond_retention)
    assert pair.sink.ready is False
    assert pair.sink.health()["readers"]["source"]["behind"] is True
    assert stage.gauge(pair.sink, BEHIND, service="sink", source="source") == 1
    assert [entry["advice"] for entry in logs if entry["event"] == "reader.beyond_retention"] == [
        "bulwark refill source --from 1"
    ]
    assert applied_numbers(pair.sink_database) == []
    assert stage.repair({"created": None, "sequence": 1})["remade"] is True
    pair.check()
    eventually(lambda: pair.sink.ready)
    assert stage.gauge(pair.sink, BEHIND, service="sink", source="source") == 0


def test_stream_is_rebuilt_when_a_message_stays_away(
    pair_of_files: Pair, monkeypatch: pytest.MonkeyPatch, logs: list[Any]
) -> None:
    pair = pair_of_files
    pair.note(*range(20))
    eventually(lambda: pair.stage.state().get("last_seq") == 20)
    first = pair.stage.state()["created"]
    hear = PullConsumer._on_message

    def leave_out(feed: PullConsumer, reply: bytes, head: bytes, document: bytes) -> None:
        damaged = pair.stage._outside is not None and feed._bus is pair.sink.bus
        if damaged and not pair.has_logged("relay.rebuild", logs) and b".12." in reply:
            return
        hear(feed, reply, head, document)

    monkeypatch.setattr(PullConsumer, "_on_message", leave_out)
    pair.start_sink()
    eventually(lambda: pair.has_logged("relay.rebuild", logs))
    # The events before the gap did not wait for the repair.
    assert applied_numbers(pair.sink_database)[:11] == [(n, n - 1) for n in range(1, 12)]
    pair.check()
    assert pair.stage.state()["created"] != first
    eventually(lambda: pair.stage.streamed() == logged(pair.source_database))
    assert [e["why"] for e in logs if e["event"] == "reader.stream_damaged"] == ["a gap"]


@pytest.mark.parametrize("other", [b"junk", document_of(noted(7), 3), document_of(noted(7), 4)])
def test_stream_is_rebuilt_when_it_holds_something_else(
    stage: Stage, new_file: Open, logs: list[Any], other: bytes
) -> None:
    """Its last message and its numbers are right, so that its owner finds no fault."""
    database = new_file()
    rows = append(database, *[noted(number) for number in range(6)])
    stage.api("STREAM.CREATE.SOURCE", {"name": "SOURCE", "subjects": ["events.source.>"]})
    for row in rows:
        stage.publish(other if row.sequence == 4 else row.document, "events.source.noted")
    stage.start(make_source(), database)
    sink_database = new_file()
    stage.start(make_sink(Whims()), sink_database)
    eventually(lambda: len(applied_numbers(sink_database)) == 6)
    expected = [(n, n - 1) for n in range(1, 7)]
    if b'"sequence":"0000000000000004"' in other:
        # A whole event of that number: only its owner can tell, and it looks at the last alone.
        expected[3] = (4, 7)
    else:
        eventually(lambda: stage.streamed() == logged(database))
        assert "relay.rebuild" in [entry["event"] for entry in logs]
    assert applied_numbers(sink_database) == expected
    assert dead_lettered(sink_database) == []


def test_service_refuses_when_its_checkpoint_lies_beyond_the_log(pair_of_files: Pair) -> None:
    pair = pair_of_files
    pair.note(1, 2, 3)
    with pair.sink_database.write_engine.begin() as connection:
        connection.execute(insert(checkpoints).values(source="source", sequence=10))
    pair.start_sink()
    eventually(pair.sink.failed.is_set)
    assert isinstance(pair.sink.failure, CheckpointNotInLog)
    assert "restore all of one backup" in str(pair.sink.failure)
    assert pair.sink.ready is False
    assert applied_numbers(pair.sink_database) == []


def test_running_service_refuses_when_its_source_went_back(
    pair_of_files: Pair, new_file: Open
) -> None:
    pair = pair_of_files
    pair.start_sink()
    pair.note(*range(10))
    pair.check()
    pair.stage.stop(pair.source)
    pair.stage.api("STREAM.DELETE.SOURCE")
    older = new_file()
    append(older, noted(100), noted(101))
    pair.stage.start(make_source(), older)
    eventually(pair.sink.failed.is_set)
    assert isinstance(pair.sink.failure, CheckpointNotInLog)


@pytest.mark.parametrize("running", [False, True])
def test_service_refuses_when_its_source_went_back_and_grew_again(
    pair_of_files: Pair, new_file: Open, running: bool
) -> None:
    """As many events as were applied, and more: but others."""
    pair = pair_of_files
    pair.start_sink()
    pair.note(*range(10))
    pair.check()
    if not running:
        pair.stage.stop(pair.sink)
    pair.stage.stop(pair.source)
    pair.stage.api("STREAM.DELETE.SOURCE")
    older = new_file()
    append(older, *[noted(number) for number in range(100, 120)])
    pair.stage.start(make_source(), older)
    if not running:
        pair.sink_database = another(pair.sink_database)
        pair.start_sink()
    eventually(pair.sink.failed.is_set)
    assert isinstance(pair.sink.failure, CheckpointNotInLog)
    assert "holds another there" in str(pair.sink.failure)
    assert len(applied_numbers(pair.sink_database)) == 10


@pytest.mark.parametrize("kept", [None, f"3 {digest_of(b'another')}"])
def test_reader_goes_on_when_no_digest_is_stored_at_its_checkpoint(
    pair_of_files: Pair, kept: str | None
) -> None:
    """An older release moved the checkpoint, before this one or beside it."""
    pair = pair_of_files
    pair.start_sink()
    pair.note(*range(10))
    pair.check()
    pair.stage.stop(pair.sink)
    pair.sink_database = another(pair.sink_database)
    with pair.sink_database.write_engine.begin() as connection:
        connection.execute(update(checkpoints).values(digest=kept))
    pair.start_sink()
    pair.note(*range(10, 20))
    pair.check()


def test_events_are_applied_once_in_order_when_the_stream_is_rebuilt_meanwhile(
    pair: Pair,
) -> None:
    pair.start_sink()
    for turn in range(8):
        pair.note(*range(turn * 100, turn * 100 + 100))
        if turn % 2:
            assert pair.stage.repair({"created": None, "sequence": 1})["remade"] is True
        elif turn % 4:
            pair.stage.send("$JS.API.STREAM.DELETE.SOURCE", b"")
    pair.check()
    eventually(lambda: pair.stage.streamed() == logged(pair.source_database))


def test_nothing_of_it_is_applied_when_junk_is_published_straight_to_the_stream(
    pair: Pair, logs: list[Any]
) -> None:
    pair.start_sink()
    eventually(pair.stage.state)
    pair.stage.publish(b"junk")
    for turn in range(5):
        pair.note(*range(turn * 10, turn * 10 + 10))
        pair.stage.send("events.source.junk", b"junk")
        pair.stage.send("events.source.noted", document_of(noted(1), 9999))
    pair.check()
    assert dead_lettered(pair.sink_database) == []
    assert pair.has_logged("relay.stream_bad", logs) or pair.has_logged("relay.rebuild", logs)
    eventually(lambda: pair.stage.streamed() == logged(pair.source_database))


def test_reader_goes_on_when_the_database_was_away(
    pair_of_files: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = pair_of_files
    failures = [OperationalError("SELECT", {}, Exception("the connection is gone"))] * 3

    def fail(*values: Any) -> tuple[int, str | None]:
        if failures:
            raise failures.pop()
        return checkpoint_and_digest(*values)

    monkeypatch.setattr("shared.inbox.reader.checkpoint_and_digest", fail)
    pair.note(1, 2, 3)
    pair.start_sink()
    pair.check()
    assert failures == []
    assert pair.sink.failure is None


def test_events_that_concern_nobody_pass_when_no_handler_wants_them(pair: Pair) -> None:
    others = [unknown_type(number) for number in range(1, 1500)]
    append(pair.source_database, *others, noted(7))
    pair.start_sink()
    eventually(pair.caught_up)
    assert applied_numbers(pair.sink_database) == [(1500, 7)]
    append(pair.source_database, *[unknown_type(number) for number in range(1501, 1510)])
    pair.source.relay.wake()
    eventually(lambda: pair.reader.checkpoint == 1509)
    eventually(pair.caught_up)
    with pair.sink_database.reading() as session:
        assert session.execute(text("SELECT count(*) FROM dead_letters")).scalar() == 0
