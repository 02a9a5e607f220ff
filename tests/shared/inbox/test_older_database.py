"""A database restored to an older moment: no number is used twice, and an alarm is raised."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from shared.database.engine import Database
from shared.events.base import Event
from shared.exceptions import Unavailable
from shared.runtime.runtime import Runtime
from shared.writer.handlers import Tx
from tests.shared.outbox.test_relay import is_copy
from tests.support.core.pair import (
    Open,
    another,
    append,
    document_of,
    logged,
    make_source,
    noted,
    request,
)
from tests.support.core.stage import Stage
from tests.support.core.works import Noting
from tests.support.harness import eventually

KEPT = 7


def restore_older(database: Database) -> None:
    """As a restore of a backup that held seven events."""
    with database.write_engine.begin() as connection:
        connection.execute(text(f"DELETE FROM events WHERE sequence > {KEPT}"))
        connection.execute(text(f"UPDATE log_head SET sequence = {KEPT}"))


def restored_under_two(stage: Stage, database: Database) -> tuple[Runtime, Runtime]:
    """The leader and a follower, which has seen that the database is older."""
    first = stage.start(make_source(), database)
    eventually(lambda: first.active)
    second = stage.start(make_source(), another(database))
    stage.submit(second, *[request(number) for number in range(10)])
    eventually(lambda: is_copy(stage, database))
    restore_older(database)
    eventually(lambda: second.health()["database_older_than_stream"])
    return first, second


def test_nothing_changes_when_the_database_is_older_than_the_stream(
    stage: Stage, database: Database, logs: list[Any]
) -> None:
    source = stage.start(make_source(), database)
    stage.submit(source, *[request(number) for number in range(10)])
    eventually(lambda: is_copy(stage, database))
    stage.stop(source)
    older = Database(database.write_engine.url.render_as_string(hide_password=False))
    restore_older(older)
    held, before = stage.streamed(), stage.state()
    source = stage.start(make_source(), older)
    eventually(lambda: source.health()["database_older_than_stream"])
    assert stage.gauge(source, "bulwark_stream_bad", service="source") == 1
    assert [type(one) for one in stage.submit(source, request(100))] == [Unavailable]
    # Another process may still write: a log that grows past the stream's end changes nothing.
    append(older, *[noted(number) for number in range(200, 210)])
    source.relay.wake()
    assert stage.repair({"created": None, "sequence": 1}) == {"remade": False, "logged": False}
    looks = len([entry for entry in logs if entry["event"] == "relay.retry"])
    with pytest.raises(AssertionError):
        eventually(lambda: stage.state() != before, seconds=1.0)
    assert stage.streamed() == held
    assert len([entry for entry in logs if entry["event"] == "relay.retry"]) == looks
    # A person took the stream away: now the database is right by definition.
    stage.api("STREAM.DELETE.SOURCE")
    eventually(lambda: not source.health()["database_older_than_stream"])
    eventually(lambda: is_copy(stage, older))
    assert stage.gauge(source, "bulwark_stream_bad", service="source") == 0
    assert stage.submit(source, Noting(300)) == [300]


def test_nothing_is_written_at_start_when_the_database_is_older_than_the_stream(
    stage: Stage, new_file: Open
) -> None:
    """What a start adds would carry the log past the stream's end, and hide what is missing."""

    def starting(_tx: Tx) -> list[Event]:
        return [noted(number) for number in range(100, 105)]

    database = new_file()
    append(database, *[noted(number) for number in range(7)])
    source = stage.start(make_source(), database)
    stage.submit(source, *[request(number) for number in range(2)])
    eventually(lambda: is_copy(stage, database))
    stage.stop(source)
    older = Database(database.write_engine.url.render_as_string())
    restore_older(older)
    held = stage.streamed()
    source = stage.start(replace(make_source(), on_start=(starting,)), older)
    assert source.health()["database_older_than_stream"]
    assert len(logged(older)) == 7
    assert stage.streamed() == held
    stage.api("STREAM.DELETE.SOURCE")
    eventually(lambda: len(logged(older)) == 12 and is_copy(stage, older))


def test_database_is_found_older_when_junk_follows_its_lost_events(
    stage: Stage, new_file: Open
) -> None:
    database = new_file()
    append(database, noted(1), noted(2))
    source = stage.start(make_source(), database)
    eventually(lambda: is_copy(stage, database))
    stage.stop(source)
    stage.publish(document_of(noted(3), 3), "events.source.noted")
    stage.publish(b"junk")
    again = Database(database.write_engine.url.render_as_string())
    source = stage.start(make_source(), again)
    eventually(lambda: source.health()["database_older_than_stream"])
    assert stage.state()["last_seq"] == 4


def test_stream_is_left_alone_when_an_older_database_has_grown_past_it(
    stage: Stage, database: Database
) -> None:
    """Its numbers were used again before anybody could compare."""
    source = stage.start(make_source(), database)
    stage.submit(source, *[request(number) for number in range(10)])
    eventually(lambda: is_copy(stage, database))
    stage.stop(source)
    older = another(database)
    restore_older(older)
    append(older, *[noted(number) for number in range(200, 210)])
    held = stage.streamed()
    source = stage.start(make_source(), older)
    assert source.health()["database_older_than_stream"]
    assert [type(one) for one in stage.submit(source, request(100))] == [Unavailable]
    assert stage.streamed() == held


def test_follower_takes_no_change_when_the_database_is_older(
    stage: Stage, new_postgres: Open
) -> None:
    database = new_postgres()
    source = stage.start(make_source(), database)
    stage.submit(source, *[request(number) for number in range(10)])
    eventually(lambda: is_copy(stage, database))
    stage.stop(source)
    older = another(database)
    restore_older(older)
    first = stage.start(make_source(), older)
    eventually(lambda: first.active)
    second = stage.start(make_source(), another(older))
    assert not second.active
    assert [type(one) for one in stage.submit(second, request(100))] == [Unavailable]
    stage.api("STREAM.DELETE.SOURCE")
    eventually(lambda: not second.health()["database_older_than_stream"])
    assert stage.submit(second, Noting(300)) == [300]
    eventually(lambda: is_copy(stage, older))


def test_follower_refuses_changes_when_the_database_is_restored_under_it(
    stage: Stage, new_postgres: Open
) -> None:
    first, second = restored_under_two(stage, new_postgres())
    assert [type(one) for one in stage.submit(second, request(100))] == [Unavailable]
    eventually(lambda: first.health()["database_older_than_stream"])


def test_follower_still_refuses_changes_when_the_stream_has_another_fault_too(
    stage: Stage, new_postgres: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another fault of the stream says nothing about the log."""
    _first, second = restored_under_two(stage, new_postgres())
    looks = 0

    async def odd(*_values: Any) -> str:
        nonlocal looks
        looks += 1
        return "its last message cannot be read"

    monkeypatch.setattr(second.relay._check, "fault", odd)
    eventually(lambda: looks > 1)
    assert second.health()["database_older_than_stream"]
    assert [type(one) for one in stage.submit(second, request(100))] == [Unavailable]
