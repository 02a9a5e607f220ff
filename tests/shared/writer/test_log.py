"""The log: gapless in commit order, whoever writes, and searchable by number, time and id."""

import subprocess
import sys
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select

from shared.database.engine import Database
from shared.writer.log import (
    AppendBuffer,
    event_index,
    events,
    first_row_since,
    head_of,
    log_head,
    oldest,
    row_at,
    rows_about,
    rows_from,
)
from tests.support.core.appending import append_runs
from tests.support.core.pair import Open, append, logged, noted
from tests.support.harness import PROGRAM_PATIENCE, new_id
from tests.support.paths import ROOT

X, Y = new_id(), new_id()


def assert_gapless(database: Database, names: set[str], times: int) -> None:
    """Every number once, each in its own document, and the runs of each writer in their order."""
    found = logged(database)
    parsed = [document.decode().split() for _, document in found]
    assert [number for number, _ in found] == list(range(1, len(found) + 1))
    assert [int(words[3]) for words in parsed] == [number for number, _ in found]
    for name in names:
        told = [(int(turn), int(part)) for who, turn, part, _ in parsed if who == name]
        assert told == [(t, p) for t in range(times) if t % 4 != 3 for p in range(t % 3 + 1)]
    with database.reading() as session:
        assert head_of(session.connection()) == len(found)


def test_log_is_gapless_when_threads_append_at_once(database: Database) -> None:
    writers = [
        threading.Thread(target=append_runs, args=(database, name, 20)) for name in ("a", "b", "c")
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert_gapless(database, {"a", "b", "c"}, 20)


def test_log_is_gapless_when_two_processes_append_at_once(database: Database) -> None:
    url = database.write_engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.support.core.appending", url]
    writers = [subprocess.Popen([*command, name, "40"], cwd=ROOT) for name in ("a", "b")]
    assert [writer.wait(PROGRAM_PATIENCE) for writer in writers] == [0, 0]
    assert_gapless(database, {"a", "b"}, 40)


def test_nothing_is_left_when_a_buffer_is_undone_to_a_position(database: Database) -> None:
    with database.writing() as session:
        page = AppendBuffer(session.connection(), database)
        page.add("a", f"1 {X} {Y}".encode(), [X, Y])
        position = page.position()
        page.add("b", f"2 {X}".encode(), [X])
        page.add("b", b"3")
        page.undo_to(position)
        page.add("c", f"4 {X}".encode(), [X])
        assert [row.sequence for row in page.write()] == [1, 2]
        session.commit()
    with database.reading() as session:
        connection = session.connection()
        assert head_of(connection) == 2
        assert [row.document[:1] for row in rows_about(connection, X)] == [b"1", b"4"]
        assert [row.document[:1] for row in rows_about(connection, Y)] == [b"1"]


def test_history_of_another_is_left_out_when_two_ids_end_alike(database: Database) -> None:
    other = "1" * 8 + X[8:]
    with database.writing() as session:
        page = AppendBuffer(session.connection(), database)
        page.add("a", X.encode(), [X])
        page.add("a", other.encode(), [other])
        page.write()
        session.commit()
    with database.reading() as session:
        found = rows_about(session.connection(), other)
    assert [row.sequence for row in found] == [2]


def test_event_is_found_by_both_when_two_of_its_ids_end_alike(database: Database) -> None:
    one, other = "11111111-1111-4111-8111-111111111111", "22222222-1111-4111-8111-111111111111"
    with database.writing() as session:
        page = AppendBuffer(session.connection(), database)
        page.add("events.source.noted", b"of both", {one, other})
        page.write()
        session.commit()
    with database.reading() as session:
        indexed = session.execute(select(event_index.c.sequence)).scalars().all()
    assert indexed == [1]


def test_latest_rows_come_oldest_first_when_a_thing_has_many(database: Database) -> None:
    with database.writing() as session:
        page = AppendBuffer(session.connection(), database)
        for number in range(1, 8):
            page.add("a", f"{number} {X}".encode(), [X])
        page.write()
        session.commit()
    with database.reading() as session:
        found = rows_about(session.connection(), X, limit=3)
    assert [row.sequence for row in found] == [5, 6, 7]


def test_rows_come_in_order_when_read_from_a_number(database: Database) -> None:
    append(database, *[noted(number) for number in range(10)])
    with database.reading() as session:
        connection = session.connection()
        assert [row.sequence for row in rows_from(connection, 4, 3)] == [4, 5, 6]
        assert rows_from(connection, 11, 3) == []
        assert row_at(connection, 11) is None
        assert (oldest(connection), head_of(connection)) == (1, 10)


def test_one_moment_is_seen_when_others_commit_between_two_reads(database: Database) -> None:
    append(database, noted(1))
    with database.reading() as session:
        before = head_of(session.connection())
        append(database, noted(2))
        assert (before, head_of(session.connection())) == (1, 1)
        assert row_at(session.connection(), 2) is None


@pytest.fixture
def timed(new_file: Open) -> Database:
    return new_file()


@given(
    gone=st.integers(0, 5),
    times=st.lists(st.integers(0, 40), max_size=25).map(sorted),
    since=st.integers(-1, 41),
)
@settings(
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_first_row_since_is_the_oldest_one_young_enough_when_rows_are_halved(
    timed: Database, gone: int, times: list[int], since: int
) -> None:
    """`gone` rows were pruned before the oldest."""
    rows = [
        {"sequence": number, "stored_ms": at, "subject": "a", "document": b""}
        for number, at in enumerate(times, gone + 1)
    ]
    with timed.write_engine.begin() as connection:
        for table in (events, event_index, log_head):
            connection.execute(delete(table))
        connection.execute(insert(log_head).values(one=1, sequence=gone + len(times)))
        if rows:
            connection.execute(insert(events), rows)
        expected = next((row["sequence"] for row in rows if row["stored_ms"] >= since), None)  # type: ignore[operator]
        assert first_row_since(connection, since) == expected
