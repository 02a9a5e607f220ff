"""The audit log finds every single tampering, on its own and through both databases' drivers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.orm import Session

from shared.clock.clock import CST
from shared.database.engine import Database
from shared.security import audit
from shared.security.audit import Fault, audit_head, entries
from shared.security.roles import Role
from shared.security.tokens import Caller
from tests.support.harness import PostgresServer

NOON = datetime(2021, 1, 18, 12, tzinfo=CST)
WORKER = Caller("网格员甲", Role.RECORDER, "220581", "token-1")
COLUMNS = [column.name for column in entries.columns]

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
notes = st.lists(st.tuples(texts, texts, texts), min_size=1, max_size=8)


@dataclass(frozen=True)
class Tx:
    """As much of a transaction as a note needs."""

    session: Session
    now: datetime = NOON
    caller: Caller | None = WORKER

    @property
    def connection(self) -> Connection:
        return self.session.connection()


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    if request.param == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres")
        url = server.new_database()
    else:
        url = f"sqlite:///{tmp_path_factory.mktemp('audit') / 'audit.db'}"
    database = Database(url)
    entries.metadata.create_all(database.write_engine, tables=[entries, audit_head])
    yield database
    database.close()


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    folder: Path = tmp_path_factory.mktemp("audit")
    database = Database(f"sqlite:///{folder / 'audit.db'}")
    entries.metadata.create_all(database.write_engine, tables=[entries, audit_head])
    with database.writing() as session:
        yield session
    database.close()


def test_report_is_clean_and_counts_when_nothing_was_touched(database: Database) -> None:
    with database.writing() as session:
        assert audit.verify(session.connection()) == audit.Report(0, audit.BEGINNING, ())
        audit.record(Tx(session), "person.opened", "p1", "随访")
        audit.record(Tx(session, caller=None), "person.erased", "p2")
        session.commit()
    with database.reading() as session:
        report = audit.verify(session.connection())
        rows = session.execute(select(entries).order_by(entries.c.sequence)).all()
    assert report.ok
    assert (report.entries, report.head) == (2, rows[1].hash)
    assert (rows[0].actor, rows[0].role, rows[0].token_id) == ("网格员甲", "recorder", "token-1")
    assert (rows[0].action, rows[0].subject, rows[0].reason) == ("person.opened", "p1", "随访")
    assert rows[0].at == "2021-01-18T12:00:00.000000+08:00"
    assert (rows[1].actor, rows[1].previous) == ("", rows[0].hash)


def test_change_is_found_when_it_was_made_in_the_database(database: Database) -> None:
    with database.writing() as session:
        for number in range(3):
            audit.record(Tx(session), "made", str(number))
        last = session.scalars(select(func.max(entries.c.sequence))).one()
        session.execute(update(entries).where(entries.c.sequence == last).values(actor="别人"))
        assert audit.verify(session.connection()).faults == (Fault(last, "changed"),)


def test_note_is_gone_when_its_transaction_is_rolled_back(database: Database) -> None:
    with database.writing() as session:
        before = audit.verify(session.connection())
        with session.begin_nested() as savepoint:
            audit.record(Tx(session), "made", "x")
            savepoint.rollback()
        assert audit.verify(session.connection()) == before


@pytest.mark.parametrize(
    ("tamper", "fault"),
    [
        (delete(entries).where(entries.c.sequence == 2), Fault(2, "missing")),
        (delete(entries).where(entries.c.sequence == 4), Fault(4, "missing")),
        (delete(audit_head), Fault(4, "head")),
        (update(audit_head).values(hash="f" * 64), Fault(4, "head")),
        (
            update(entries).where(entries.c.sequence == 1).values(reason="另一个"),
            Fault(1, "changed"),
        ),
    ],
)
def test_fault_names_the_entry_when_the_log_was_tampered_with(
    session: Session, tamper: Any, fault: Fault
) -> None:
    _fill(session, [("made", str(number), "") for number in range(4)])
    session.execute(tamper)
    assert audit.verify(session.connection()).faults == (fault,)
    session.rollback()


def test_faults_end_at_a_hundred_when_every_entry_was_changed(session: Session) -> None:
    _fill(session, [("made", "x", "")] * 150)
    session.execute(update(entries).values(subject="y"))
    assert len(audit.verify(session.connection()).faults) == audit.MOST_FAULTS
    session.rollback()


def test_forged_end_is_found_when_its_own_hashes_are_right(session: Session) -> None:
    _fill(session, [("made", "x", "")])
    head = session.execute(select(audit_head)).one()
    audit.record(Tx(session), "made", "y")
    session.execute(update(audit_head).values(sequence=head.sequence, hash=head.hash))
    assert audit.verify(session.connection()).faults == (Fault(2, "head"),)
    session.rollback()


def _fill(session: Session, noted: list[tuple[str, str, str]]) -> None:
    session.rollback()
    for action, subject, reason in noted:
        audit.record(Tx(session), action, subject, reason)


def _change(connection: Connection, data: st.DataObject, count: int) -> None:
    """Change one column of one entry."""
    sequence = data.draw(st.integers(1, count))
    column = data.draw(st.sampled_from(COLUMNS))
    was = connection.execute(
        select(entries.c[column]).where(entries.c.sequence == sequence)
    ).scalar_one()
    if column == "sequence":
        value: Any = data.draw(st.integers(-5, 50).filter(lambda v: not 1 <= v <= count))
    else:
        value = data.draw(texts.filter(lambda v: v != was))
    connection.execute(
        update(entries).where(entries.c.sequence == sequence).values({column: value})
    )


def _remove(connection: Connection, data: st.DataObject, count: int) -> None:
    """Remove a run of entries."""
    first = data.draw(st.integers(1, count))
    last = data.draw(st.integers(first, count))
    connection.execute(delete(entries).where(entries.c.sequence.between(first, last)))


def _swap(connection: Connection, data: st.DataObject, count: int) -> None:
    """Let two entries change places, with their hashes and without their numbers."""
    one, other = data.draw(st.integers(1, count)), data.draw(st.integers(1, count))
    if one == other:
        _remove(connection, data, count)
        return
    rows = {
        row.sequence: dict(row._mapping)
        for row in connection.execute(select(entries).where(entries.c.sequence.in_([one, other])))
    }
    for target, source in ((one, other), (other, one)):
        values = {**rows[source], "sequence": target}
        connection.execute(update(entries).where(entries.c.sequence == target).values(values))


def _insert(connection: Connection, data: st.DataObject, count: int) -> None:
    """Put in an entry whose own hash is right and which follows from one that is there."""
    source = connection.execute(
        select(entries).where(entries.c.sequence == data.draw(st.integers(1, count)))
    ).one()
    sequence = data.draw(st.sampled_from([0, count + 1, count + 2]))
    values = {**source._mapping, "sequence": sequence, "previous": source.hash}
    values["hash"] = audit._digest([values[name] for name in COLUMNS[:-1]])
    connection.execute(insert(entries).values(values))


def _rehash(connection: Connection, data: st.DataObject, count: int) -> None:
    """Change an entry and give it the hash that then is right, without the ones after it."""
    sequence = data.draw(st.integers(1, count))
    row = connection.execute(select(entries).where(entries.c.sequence == sequence)).one()
    values = {**row._mapping, "reason": row.reason + "!"}
    values["hash"] = audit._digest([values[name] for name in COLUMNS[:-1]])
    connection.execute(update(entries).where(entries.c.sequence == sequence).values(values))


def _move_head(connection: Connection, data: st.DataObject, count: int) -> None:
    """Change what the head says, or take it away."""
    change = data.draw(
        st.sampled_from(
            [
                delete(audit_head),
                update(audit_head).values(hash="0" * 64),
                update(audit_head).values(sequence=count - 1),
                update(audit_head).values(sequence=count + 1),
            ]
        )
    )
    connection.execute(change)


@settings(
    max_examples=80,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(noted=notes, data=st.data())
@pytest.mark.parametrize("tamper", [_change, _remove, _swap, _insert, _rehash, _move_head])
def test_any_single_tampering_is_found(
    session: Session,
    tamper: Callable[[Connection, st.DataObject, int], None],
    noted: list[tuple[str, str, str]],
    data: st.DataObject,
) -> None:
    _fill(session, noted)
    connection = session.connection()
    assert audit.verify(connection).ok
    tamper(connection, data, len(noted))
    assert not audit.verify(connection).ok
    session.rollback()
