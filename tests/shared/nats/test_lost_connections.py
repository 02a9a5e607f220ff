"""PostgreSQL going away in mid-transaction or at the commit: nothing lost, nothing doubled."""

import asyncio
import traceback
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from bulwark.admin import cli_audit as noting
from shared.database.engine import Database
from shared.database.failures import is_transient
from shared.events.envelope import parse
from shared.inbox.applying import Batch
from shared.inbox.checkpoints import CheckpointConflict
from shared.inbox.dead_letters import dead_letters
from shared.inbox.entry import Entry
from shared.runtime.service import Service
from shared.security import audit
from shared.writer.handlers import Tx
from shared.writer.idempotency import requests
from shared.writer.requests import Done, Request
from shared.writer.writer import Writer
from tests.support.core.pair import (
    Note,
    Noted,
    Whims,
    applied_numbers,
    document_of,
    logged,
    make_sink,
    make_site,
    make_source,
    noted,
    open_database,
    request,
)
from tests.support.core.works import Noting
from tests.support.harness import PostgresServer, new_id


@pytest.fixture
def database(postgres: PostgresServer) -> Iterator[Database]:
    database = open_database(postgres.new_database())
    yield database
    database.close()


def submitted(database: Database, *works: Any, service: Service | None = None) -> list[Any]:
    async def scenario() -> list[Any]:
        writer = Writer(service or make_source(), make_site(), database)
        writer.start()
        waiting = [writer.submit(work) for work in works]
        found = await asyncio.gather(*waiting, return_exceptions=True)
        await writer.stop()
        return found

    return asyncio.run(scenario())


def numbers(database: Database) -> list[int]:
    return [parse(document)["data"]["number"] for _, document in logged(database)]


def cut_once(database: Database) -> Any:
    """A step that makes the server end the transaction's own connection, the first time."""
    left = [1]

    def cut(tx: Tx) -> None:
        if not left[0]:
            return
        left[0] = 0
        own = tx.session.execute(text("SELECT pg_backend_pid()")).scalar_one()
        url = database.read_engine.url.set(drivername="postgresql")
        with psycopg.connect(url.render_as_string(hide_password=False)) as other:
            other.execute("SELECT pg_terminate_backend(%s)", [own])
        tx.session.execute(text("SELECT 1"))

    return cut


def test_all_is_done_once_when_the_connection_is_cut_in_mid_transaction(database: Database) -> None:
    works = [Noting(1), Noting(2, cut_once(database)), Noting(3)]
    assert submitted(database, *works) == [1, 2, 3]
    assert numbers(database) == [1, 2, 3]


def test_all_is_done_once_when_the_connection_is_cut_within_a_savepoint(
    database: Database,
) -> None:
    works = [request(-1), Noting(2, cut_once(database)), Noting(3)]
    refused, *found = submitted(database, *works)
    assert found == [2, 3]
    assert isinstance(refused, Exception)
    assert not is_transient(refused)
    assert numbers(database) == [2, 3]


def test_all_is_done_when_the_server_of_the_last_connection_takes_no_more_writes(
    database: Database,
) -> None:
    with database.write_engine.begin() as connection:
        connection.execute(text("SET default_transaction_read_only = on"))
    with database.reading() as session:
        server = session.execute(text("SELECT pg_backend_pid()")).scalar()
    assert submitted(database, Noting(1), Noting(2)) == [1, 2]
    assert numbers(database) == [1, 2]
    # Reads would go on there for ever, and lag behind what is committed elsewhere.
    with database.reading() as session:
        assert session.execute(text("SELECT pg_backend_pid()")).scalar() != server


def test_server_that_takes_no_writes_is_a_reason_of_the_database(database: Database) -> None:
    with database.writing() as session:
        session.execute(text("SET TRANSACTION READ ONLY"))
        with pytest.raises(DBAPIError) as caught:
            session.execute(text("DELETE FROM things"))
    assert is_transient(caught.value)


@pytest.fixture
def commit_answer_lost(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The first commit is made, and its answer lost with the connection."""
    lost: list[int] = []
    commit = Session.commit

    def once(session: Session) -> None:
        commit(session)
        if not lost:
            lost.append(1)
            raise OperationalError("COMMIT", {}, Exception("server closed the connection"))

    monkeypatch.setattr(Session, "commit", once)
    return lost


def test_request_is_known_when_the_answer_to_its_commit_was_lost(
    database: Database, commit_answer_lost: list[int]
) -> None:
    id_ = new_id()
    assert submitted(database, request(1, id_=id_)) == [Done({"id": id_}, repeated=True)]
    assert commit_answer_lost == [1]
    assert numbers(database) == [1]


def test_opening_is_noted_once_when_the_answer_to_its_commit_was_lost(
    database: Database, commit_answer_lost: list[int]
) -> None:
    def open_one(tx: Tx, command: Note) -> list[Any]:
        audit.record(tx, "person.opened", command.id)
        return []

    opening = Request(open_one, Note(number=1), None, None, lambda _tx, _: {"name": "whole"})
    assert submitted(database, opening) == [Done({"name": "whole"})]
    assert commit_answer_lost == [1]
    with database.reading() as session:
        assert len(session.execute(select(audit.entries)).all()) == 1
        assert b"whole" not in [row.answer for row in session.execute(select(requests))]


def test_work_of_the_command_line_is_done_once_when_the_answer_to_its_commit_was_lost(
    database: Database, commit_answer_lost: list[int]
) -> None:
    assert submitted(database, noting.AuditEntry("subscriber_added", "province", "")) == [None]
    assert commit_answer_lost == [1]
    with database.reading() as session:
        assert len(session.execute(select(audit.entries)).all()) == 1


def test_events_are_applied_once_when_the_answer_to_their_commit_was_lost(
    database: Database, commit_answer_lost: list[int]
) -> None:
    batch = Batch("source", 0, [Entry(1, document_of(noted(7), 1), None)])
    (found,) = submitted(database, batch, service=make_sink(Whims()))
    assert isinstance(found, CheckpointConflict)
    assert applied_numbers(database) == [(1, 7)]


def test_statement_is_not_tried_again_when_it_is_too_complex(database: Database) -> None:
    with database.reading() as session, pytest.raises(OperationalError) as caught:
        session.execute(text("SELECT " + ",".join(["1"] * 1665)))
    assert not is_transient(caught.value)


@pytest.mark.parametrize(
    ("set_to", "used"), [("off", "on"), ("local", "local"), ("remote_apply", "remote_apply")]
)
def test_commit_is_on_disk_when_the_database_is_set_not_to_wait(
    postgres: PostgresServer, set_to: str, used: str
) -> None:
    url = postgres.new_database()
    with psycopg.connect(url, autocommit=True) as connection:
        name = SQL(connection.info.dbname)
        connection.execute(
            SQL("ALTER DATABASE {} SET synchronous_commit = {}").format(name, SQL(set_to))
        )
    database = Database(url)
    with database.writing() as session:
        assert session.execute(text("SHOW synchronous_commit")).scalar_one() == used
    database.close()


def test_lock_that_does_not_come_is_a_reason_of_the_database(database: Database) -> None:
    with database.writing() as holder:
        holder.execute(text("CREATE TABLE held (one INTEGER)"))
        holder.commit()
        holder.execute(text("LOCK TABLE held"))
        with database.writing() as waiting:
            waiting.execute(text("SET LOCAL lock_timeout = '50ms'"))
            with pytest.raises(OperationalError) as caught:
                waiting.execute(text("LOCK TABLE held"))
    assert is_transient(caught.value)


def test_log_head_is_let_go_when_its_holder_stands_still(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = ("SET lock_timeout = '120s'", "SET idle_in_transaction_session_timeout = '1s'")
    monkeypatch.setattr("shared.database.engine.POSTGRES_WAITS", waits)
    database = open_database(postgres.new_database())
    holder = database.writing()
    holder.execute(text("INSERT INTO log_head (one, sequence) VALUES (1, 0)"))
    assert submitted(database, Noting(1)) == [1]
    with pytest.raises(Exception, match=r"terminat|closed|lost") as caught:
        holder.commit()
    assert is_transient(caught.value)
    holder.close()
    database.close()


WORDS = "张三 13900000001"
INSERT = "INSERT INTO things (id, number) VALUES (%s, %s)"


@pytest.mark.parametrize(
    ("statement", "values", "told"),
    [
        (INSERT, (WORDS + " lives where nobody may know of it", 2), "[22001]"),
        (INSERT, (WORDS, -1), 'violates check constraint "above_zero" [23514]'),
        (INSERT, (WORDS, 1), 'violates unique constraint "things_pkey" [23505]'),
        (INSERT, (WORDS, None), "violates not-null constraint [23502]"),
        (INSERT, [("another", 2), (WORDS, 1)], 'violates unique constraint "things_pkey" [23505]'),
        ("SELECT %s::text::integer", (WORDS,), "[22P02]"),
    ],
)
def test_personal_words_stay_out_of_errors_when_a_statement_fails(
    database: Database, caplog: pytest.LogCaptureFixture, statement: str, values: Any, told: str
) -> None:
    with database.write_engine.begin() as connection:
        connection.execute(text("ALTER TABLE things ADD CONSTRAINT above_zero CHECK (number > 0)"))
        connection.exec_driver_sql(INSERT, (WORDS, 1))
    with database.writing() as session, pytest.raises(DBAPIError) as caught:
        session.connection().exec_driver_sql(statement, values)
    assert told in str(caught.value)
    said = [str(caught.value), repr(caught.value), *traceback.format_exception(caught.value)]
    assert WORDS not in "".join([*said, caplog.text])


def test_personal_words_stay_out_of_dead_letters_and_logs_when_a_handler_fails(
    database: Database, logs: list[Any]
) -> None:
    def apply(tx: Tx, _recorded: Any) -> list[Any]:
        tx.session.execute(text("INSERT INTO things (id) VALUES (:id)"), {"id": WORDS})
        return []

    sink = replace(make_sink(Whims()), consumes={Noted: apply})
    batch = Batch("source", 0, [Entry(1, document_of(noted(7), 1), None)])
    failing = request(1)
    failing.handler = apply
    found = submitted(database, batch, failing, service=sink)
    assert found[0] == 1
    with database.reading() as session:
        kept = session.execute(select(dead_letters.c.error)).scalar_one()
    assert "NotNullViolation" in kept
    assert {entry["event"] for entry in logs} >= {"event.dead_lettered", "work.failed"}
    assert WORDS not in f"{kept} {logs} {found}"
