"""The relay on a real server: whatever happens, the stream is the log, byte for byte."""

import asyncio
from base64 import b64decode
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nats.errors
import pytest
from nats.aio.msg import Msg
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from bulwark.broker.nats_server import Broker
from shared.database.engine import Database
from shared.nats.connection import Bus, StreamRefused
from shared.outbox.publisher import BATCH, Batch, Publisher, UnexpectedAck
from shared.outbox.relay import Relay, RowMissing
from shared.runtime.runtime import Runtime
from shared.writer.log import Row, rows_from
from tests.support.core.pair import Open, append, logged, make_site, make_source, noted, request
from tests.support.core.stage import Stage, metric
from tests.support.core.works import Noting
from tests.support.harness import PATIENCE, eventually
from tests.support.ports import held_port


def is_copy(stage: Stage, database: Database) -> bool:
    """Whether the stream ends where the log does, and holds the same."""
    log = logged(database)
    return bool(stage.state().get("last_seq") == len(log) and stage.streamed() == log)


def remade() -> float:
    return metric("bulwark_stream_remade_total", service="source")


def errors() -> float:
    return metric("bulwark_relay_errors_total", service="source")


def test_long_log_is_published_without_a_pause_when_there_is_no_stream(
    stage: Stage, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One pause of the relay between two batches would be longer than the test's patience.
    monkeypatch.setattr("shared.outbox.relay.VERIFY_SECONDS", 10 * PATIENCE)
    append(database, *[noted(number) for number in range(10 * BATCH)])
    stage.start(make_source(), database)
    eventually(lambda: stage.state().get("last_seq") == 10 * BATCH)


def test_rows_are_sent_while_those_before_are_stored_when_the_log_is_long(
    stage: Stage, new_file: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.outbox.relay.VERIFY_SECONDS", 10 * PATIENCE)
    database = new_file()
    append(database, *[noted(number) for number in range(3 * BATCH)])
    begun: list[int] = []
    begin, commit = Publisher.begin, Publisher.commit

    async def begin_recorded(publisher: Publisher, rows: Sequence[Row]) -> Batch:
        begun.append(rows[-1].sequence)
        return await begin(publisher, rows)

    async def commit_late(publisher: Publisher, batch: Batch) -> int:
        async with asyncio.timeout(PATIENCE):
            while begun[-1] == batch.last.sequence < 3 * BATCH:
                await asyncio.sleep(0.01)
        return await commit(publisher, batch)

    monkeypatch.setattr(Publisher, "begin", begin_recorded)
    monkeypatch.setattr(Publisher, "commit", commit_late)
    before = errors()
    stage.start(make_source(), database)
    eventually(lambda: is_copy(stage, database))
    assert (begun, errors()) == ([BATCH, 2 * BATCH, 3 * BATCH], before)


def test_stream_is_the_log_when_one_and_many_are_published(
    stage: Stage, database: Database
) -> None:
    source = stage.start(make_source(), database)
    eventually(stage.state)
    before = remade(), errors()
    stage.submit(source, request(1))
    eventually(lambda: is_copy(stage, database))
    stage.submit(source, *[request(number) for number in range(2, 2600)])
    append(database, *[noted(number) for number in range(3000, 4200)])
    source.relay.wake()
    eventually(lambda: is_copy(stage, database))
    assert stage.state()["messages"] == 3799
    assert (remade(), errors()) == before


def test_only_one_header_is_ours_when_a_message_is_published(stage: Stage, new_file: Open) -> None:
    database = new_file()
    append(database, noted(1), noted(2), noted(3))
    stage.start(make_source(), database)
    eventually(lambda: is_copy(stage, database))
    for number in (1, 3):
        found = stage.api("STREAM.MSG.GET.SOURCE", {"seq": number})["message"]
        raw = b64decode(found["hdrs"]).decode()
        ours = [line for line in raw.split("\r\n")[1:] if line and not line.startswith("Nats-")]
        assert ours == ["Content-Type: application/cloudevents+json"]
        assert found["subject"] == "events.source.noted.22.05.81.001.001._"


def test_nothing_is_published_twice_when_acks_are_lost(
    stage: Stage, new_file: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = new_file()
    source = stage.make(make_source(), database)
    stage.run(source.bus.connect())
    lost: list[str] = []
    ask = source.bus.client.request

    async def deaf(subject: str, *args: Any, **options: Any) -> Any:
        answer = await ask(subject, *args, **options)
        if subject.startswith("events.") and len(lost) < 3:
            lost.append(subject)
            raise nats.errors.TimeoutError
        return answer

    monkeypatch.setattr(source.bus.client, "request", deaf)
    stage.run(source.start())
    stage.submit(source, request(1))
    eventually(lambda: is_copy(stage, database))
    stage.submit(source, *[request(number) for number in range(2, 1500)])
    eventually(lambda: is_copy(stage, database))
    assert len(lost) == 3


@pytest.mark.usefixtures("overslept")
def test_stream_is_the_log_when_two_relays_race(stage: Stage, new_database: Open) -> None:
    first = new_database()
    second = Database(first.write_engine.url.render_as_string(hide_password=False))
    one, two = stage.start(make_source(), first), stage.start(make_source(), second)
    eventually(stage.state)
    before = remade()
    created = stage.state()["created"]
    number = 0
    for _turn in range(12):
        for runtime in (one, two):
            stage.submit(runtime, *[request(number + extra) for extra in range(20)])
            number += 20
    eventually(lambda: stage.state()["last_seq"] == number)
    eventually(lambda: is_copy(stage, first))
    assert remade() == before
    assert stage.state()["created"] == created


@pytest.mark.parametrize("times", [1, 3])
def test_stream_is_rebuilt_when_junk_was_published(
    stage: Stage, new_file: Open, logs: list[Any], times: int
) -> None:
    database = new_file()
    source = stage.start(make_source(), database)
    stage.submit(source, *[request(number) for number in range(30)])
    eventually(lambda: is_copy(stage, database))
    before = remade()
    for _ in range(times):
        stage.publish(b"junk")
    stage.submit(source, request(30))
    eventually(lambda: is_copy(stage, database))
    assert remade() > before
    assert "relay.stream_bad" in [entry["event"] for entry in logs]


def test_stream_is_created_again_when_it_was_deleted_under_a_relay(
    stage: Stage, new_file: Open
) -> None:
    database = new_file()
    source = stage.start(make_source(), database)
    stage.submit(source, *[request(number) for number in range(30)])
    eventually(lambda: is_copy(stage, database))
    stage.api("STREAM.DELETE.SOURCE")
    stage.submit(source, request(30))
    eventually(lambda: is_copy(stage, database))


def test_service_begins_when_the_broker_is_away(
    new_file: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.runtime.runtime.COMPARE_SECONDS", 0.2)
    database = new_file()

    async def scenario() -> Any:
        bus = Bus(f"nats://127.0.0.1:{held_port()}", "source")
        runtime = Runtime(make_source(), make_site(), database, bus)
        await runtime.start()
        answer = await runtime.writer.submit(Noting(1))
        await runtime.stop()
        return answer

    assert asyncio.run(scenario()) == 1
    assert len(logged(Database(database.write_engine.url.render_as_string()))) == 1


def test_relay_goes_on_when_the_database_was_away(
    stage: Stage, new_file: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = new_file()
    source = stage.start(make_source(), database)
    stage.submit(source, request(1))
    eventually(lambda: is_copy(stage, database))
    failures = [OperationalError("SELECT", {}, Exception("the connection is gone"))] * 3

    def fail(*values: Any) -> Any:
        if failures:
            raise failures.pop()
        return rows_from(*values)

    monkeypatch.setattr("shared.writer.log.rows_from", fail)
    append(database, noted(2))
    source.relay.wake()
    eventually(lambda: is_copy(stage, database))
    assert failures == []
    assert source.failure is None


def test_service_fails_loudly_when_a_loop_ends_for_what_nobody_foresaw(
    stage: Stage, new_file: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: Any) -> Any:
        raise KeyError("unforeseen")

    database = new_file()
    monkeypatch.setattr("shared.writer.log.oldest", fail)
    source = stage.start(make_source(), database)
    eventually(source.failed.is_set)
    assert isinstance(source.failure, KeyError)
    assert source.ready is False


def test_service_ends_when_one_of_its_loops_swallowed_the_end(stage: Stage, new_file: Open) -> None:
    """As nats-py does before Python 3.12, when an answer comes with the cancellation."""
    swallowed: list[int] = []

    async def deaf() -> None:
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                swallowed.append(1)
                if len(swallowed) > 2:
                    raise

    source = stage.start(make_source(), new_file())

    async def begin() -> None:
        source._spawn(deaf(), "deaf")
        await asyncio.sleep(0)

    eventually(lambda: source.bus.connected)
    stage.run(begin())
    stage.stop(source)
    assert len(swallowed) == 3


def test_events_are_published_when_the_broker_comes_after_the_service(
    tmp_path: Path, new_file: Open, brisk: None
) -> None:
    broker = Broker(tmp_path / "nats")
    stage = Stage(broker.url)
    database = new_file()
    source = stage.start(make_source(), database)
    assert stage.submit(source, Noting(1), Noting(2)) == [1, 2]
    assert source.health()["broker"] is False
    asyncio.run(broker.start())
    try:
        eventually(lambda: source.health()["broker"] and is_copy(stage, database))
        # The broker goes away for good: what is accepted is on disk, and the service still ends.
        asyncio.run(broker.stop())
        assert stage.submit(source, Noting(3)) == [3]
        eventually(lambda: not source.health()["broker"])
    finally:
        asyncio.run(broker.stop())
        stage.close()
    assert source.failure is None


@pytest.mark.parametrize(
    "ack",
    [
        b'{"stream":"SOURCE","seq":8}',
        b'{"stream":"OTHER","seq":7}',
        b'{"seq":7}',
        b'{"stream":"SOURCE","seq":7,"error":{"err_code":10071,"description":"wrong last"}}',
        b"thank you",
        b"[7]",
    ],
)
def test_row_is_not_taken_for_published_when_the_ack_says_something_else(ack: bytes) -> None:
    """A server with a damaged store has been seen to accept the guard and store elsewhere."""

    class Client:
        async def request(self, *_values: Any, **_options: Any) -> Any:
            return Msg(self, "", "", ack)  # type: ignore[arg-type]

    class Broken(Bus):
        def __init__(self) -> None:
            pass

        @property
        def client(self) -> Any:
            return Client()

    async def publish() -> None:
        publisher = Publisher(Broken(), "SOURCE")
        await publisher.commit(await publisher.begin([Row(7, 0, "events.source.noted", b"{}")]))

    with pytest.raises((UnexpectedAck, StreamRefused)):
        asyncio.run(publish())


def test_nothing_waits_for_the_next_verification_when_another_process_commits_during_a_read(
    stage: Stage, new_file: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = new_file()
    source = stage.start(make_source(), database)
    eventually(lambda: source.relay._head == 0)
    read = Relay._read_log

    def read_before_the_commit(relay: Relay, sequence: int) -> list[Row]:
        rows, wakes = read(relay, sequence), relay._wakes
        if not logged(database):
            append(database, noted(1))
            stage.send("wake.source", b"")
            eventually(lambda: relay._wakes > wakes)
        return rows

    monkeypatch.setattr(Relay, "_read_log", read_before_the_commit)
    monkeypatch.setattr("shared.outbox.relay.VERIFY_SECONDS", 10 * PATIENCE)
    stage.send("wake.source", b"")
    eventually(lambda: stage.state()["last_seq"] == 1)


def test_log_is_read_when_another_process_reported_its_commit_before_ours(
    new_file: Open,
) -> None:
    relay = Relay("source", new_file(), Bus("nats://127.0.0.1:1", "test"))
    relay._woken_by_another()
    relay.wake([Row(11, 0, "events.source.noted", b"{}")])
    # The other's may be the twelfth.
    assert not relay._ends_before(12)


def test_service_fails_loudly_when_a_row_of_its_log_is_missing(
    stage: Stage, new_file: Open
) -> None:
    database = new_file()
    append(database, *[noted(number) for number in range(10)])
    with database.write_engine.begin() as connection:
        connection.execute(text("DELETE FROM events WHERE sequence = 5"))
    source = stage.start(make_source(), database)
    eventually(source.failed.is_set)
    assert isinstance(source.failure, RowMissing)
    assert stage.state()["messages"] == 0
