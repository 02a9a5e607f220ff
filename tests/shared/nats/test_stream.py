"""How a stream is made: its first number, its age and settings, and when it is made again."""

from typing import Any

import pytest
from sqlalchemy import update

from shared.database.engine import Database
from shared.nats.stream import StreamSettings
from shared.writer.log import events
from tests.shared.outbox.test_relay import is_copy, remade
from tests.support.core.pair import Open, append, logged, make_source, noted, request
from tests.support.core.stage import Stage
from tests.support.harness import eventually

DAY_MS = 86_400_000


def test_aged_messages_are_not_published_again_when_the_stream_is_empty(
    stage: Stage, new_file: Open
) -> None:
    database = new_file()
    append(database, *[noted(number) for number in range(5)])
    streams = StreamSettings(max_age_seconds=0.7)
    source = stage.start(make_source(), database, streams)
    eventually(lambda: stage.state().get("last_seq") == 5 and stage.state()["messages"] == 0)
    created = stage.state()["created"]
    stage.stop(source)
    again = Database(database.write_engine.url.render_as_string())
    source = stage.start(make_source(), again, streams)
    stage.submit(source, request(6))
    eventually(lambda: stage.state()["last_seq"] == 6)
    assert stage.state()["created"] == created
    assert stage.streamed() in ([], logged(again)[5:])


def aged(database: Database, count: int, days: float) -> None:
    """Make the first rows of a log so much older."""
    with database.write_engine.begin() as connection:
        older = events.c.stored_ms - int(days * DAY_MS)
        connection.execute(update(events).where(events.c.sequence <= count).values(stored_ms=older))


@pytest.mark.parametrize(("old", "first"), [(0, 1), (4, 5), (9, 10), (10, 11)])
def test_numbers_line_up_when_a_stream_is_made_after_long_retention(
    stage: Stage, new_file: Open, old: int, first: int
) -> None:
    database = new_file()
    append(database, *[noted(number) for number in range(10)])
    aged(database, old, days=31)
    stage.start(make_source(), database)
    eventually(lambda: stage.state().get("last_seq") == 10)
    assert stage.state()["first_seq"] == first
    assert stage.streamed() == logged(database)[first - 1 :]


def test_stream_is_brought_to_our_settings_when_it_was_made_with_another_age(
    stage: Stage, new_file: Open
) -> None:
    database = new_file()
    append(database, *[noted(number) for number in range(5)])
    source = stage.start(make_source(), database, StreamSettings(max_age_seconds=86_400))
    eventually(lambda: stage.state().get("last_seq") == 5)
    created = stage.state()["created"]
    stage.stop(source)
    again = Database(database.write_engine.url.render_as_string())
    stage.start(make_source(), again)
    eventually(lambda: stage.api("STREAM.INFO.SOURCE")["config"]["max_age"] == 30 * 86_400 * 10**9)
    assert stage.state()["created"] == created
    assert is_copy(stage, again)


def test_stream_is_made_again_when_it_forgot_too_early(stage: Stage, new_file: Open) -> None:
    database = new_file()
    append(database, *[noted(number) for number in range(5)])
    source = stage.start(make_source(), database, StreamSettings(max_age_seconds=0.5))
    eventually(lambda: stage.state().get("last_seq") == 5 and stage.state()["messages"] == 0)
    stage.stop(source)
    again = Database(database.write_engine.url.render_as_string())
    before = remade()
    stage.start(make_source(), again)
    eventually(lambda: is_copy(stage, again))
    assert stage.state()["messages"] == 5
    assert remade() == before + 1


def test_relay_goes_on_with_an_alarm_when_the_server_refuses_our_settings(
    stage: Stage, new_file: Open, logs: list[Any]
) -> None:
    database = new_file()
    config = {"name": "SOURCE", "subjects": ["events.source.>"], "storage": "memory"}
    stage.api("STREAM.CREATE.SOURCE", {**config, "allow_atomic": True})
    append(database, *[noted(number) for number in range(5)])
    stage.start(make_source(), database)
    eventually(lambda: is_copy(stage, database))
    assert "relay.stream_settings" in [entry["event"] for entry in logs]


def test_stream_is_made_from_the_number_wanted_when_someone_asks(
    stage: Stage, new_file: Open
) -> None:
    database = new_file()
    append(database, *[noted(number) for number in range(10)])
    aged(database, 6, days=31)
    stage.start(make_source(), database)
    eventually(lambda: stage.state().get("first_seq") == 7)
    assert stage.repair({"created": None, "sequence": 3})["remade"] is True
    eventually(lambda: stage.state().get("first_seq") == 3)
    eventually(lambda: stage.streamed() == logged(database)[2:])
    # Whoever wants less does not take from the others what is young.
    created = stage.state()["created"]
    assert stage.repair({"created": created, "sequence": 9})["remade"] is True
    eventually(lambda: stage.state().get("created", created) != created)
    eventually(lambda: stage.state().get("last_seq") == 10)
    assert stage.state()["first_seq"] == 7
    assert stage.streamed() == logged(database)[6:]


def test_stream_is_left_alone_when_the_damage_seen_was_in_an_earlier_one(
    stage: Stage, new_file: Open, logs: list[Any]
) -> None:
    database = new_file()
    append(database, *[noted(number) for number in range(3)])
    source = stage.start(make_source(), database)
    eventually(lambda: is_copy(stage, database))
    created = stage.state()["created"]
    for nonsense in (b"", b"[]", b"{}", b'{"sequence":"x"}', b'{"sequence":1,"found":{}}'):
        stage.send("repair.source", nonsense)
    assert stage.repair({"created": "long ago", "sequence": 1})["remade"] is False
    stage.submit(source, request(4))
    eventually(lambda: is_copy(stage, database))
    assert stage.state()["created"] == created
    assert len([entry for entry in logs if entry["event"] == "bus.error"]) == 5
