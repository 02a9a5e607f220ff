"""Requests and bulks: a repeat gets the first answer; rejected lines do not affect others."""

import asyncio
from typing import Any

import pytest

from shared.database.engine import Database
from shared.events.envelope import parse
from shared.exceptions import Conflict, Rejected
from shared.writer.idempotency import IdempotencyStore, saved_answers
from shared.writer.requests import Bulk, Done, Line
from tests.support.core.pair import Note, Open, logged, note_many, request
from tests.support.core.works import Gate, Noting, failing_of_the_database, writing
from tests.support.harness import new_id


def submitted(database: Database, *works: Any) -> list[Any]:
    """The outcomes of works submitted together."""

    async def scenario() -> list[Any]:
        async with writing(database) as writer:
            waiting = [writer.submit(work) for work in works]
            return await asyncio.gather(*waiting, return_exceptions=True)

    return asyncio.run(scenario())


def numbers(database: Database) -> list[int]:
    return [parse(document)["data"]["number"] for _, document in logged(database)]


def lines(*wanted: int) -> list[Line]:
    return [
        Line(at, Note(id=new_id(), number=number), b"%016d" % number)
        for at, number in enumerate(wanted, 1)
    ]


def test_first_answer_is_given_again_when_the_same_request_comes_again(database: Database) -> None:
    id_ = new_id()
    (first,) = submitted(database, request(5, id_=id_))
    (second,) = submitted(database, request(5, id_=id_))
    assert (first, second) == (Done({"id": id_}), Done({"id": id_}, repeated=True))
    assert numbers(database) == [5]


def test_one_of_two_is_recorded_when_both_come_in_one_transaction(database: Database) -> None:
    id_ = new_id()
    found = submitted(database, request(5, id_=id_), request(5, id_=id_))
    assert found == [Done({"id": id_}), Done({"id": id_}, repeated=True)]
    assert numbers(database) == [5]


def test_conflict_is_said_when_an_id_comes_with_another_body(database: Database) -> None:
    id_ = new_id()
    first, second, third = submitted(
        database, request(5, id_=id_), request(6, id_=id_, mark=b"n" * 16), request(7)
    )
    assert first == Done({"id": id_})
    assert isinstance(second, Conflict)
    assert second.field == "id"
    assert third.repeated is False
    assert numbers(database) == [5, 7]


def test_rejected_request_may_be_repeated_with_another_body_when_nothing_was_stored(
    database: Database,
) -> None:
    id_ = new_id()
    assert isinstance(submitted(database, request(-5, id_=id_))[0], Rejected)
    assert submitted(database, request(5, id_=id_, mark=b"n" * 16)) == [Done({"id": id_})]


def test_nothing_is_doubled_when_the_answer_was_lost(database: Database) -> None:
    id_ = new_id()

    async def scenario() -> list[Any]:
        async with writing(database) as writer:
            gate = Gate()
            held_up = asyncio.create_task(writer.submit(gate))
            await asyncio.to_thread(gate.entered.wait, 20)
            lost = asyncio.create_task(writer.submit(request(5, id_=id_)))
            await asyncio.sleep(0)
            lost.cancel()
            gate.opened.set()
            await held_up
            return [await writer.submit(request(5, id_=id_))]

    assert asyncio.run(scenario()) == [Done({"id": id_}, repeated=True)]
    assert numbers(database) == [5]


def test_good_lines_are_stored_when_others_of_a_bulk_are_rejected_or_fail(
    database: Database,
) -> None:
    wanted = lines(1, -2, 3, 3, 4)
    (done,) = submitted(database, Bulk(note_many, wanted, None))
    assert (done.recorded, done.duplicates) == (3, 0)
    assert [number for number, _ in done.rejected] == [2, 4]
    assert isinstance(done.rejected[0][1], Rejected)
    assert numbers(database) == [1, 3, 4]
    (again,) = submitted(database, Bulk(note_many, wanted, None))
    assert (again.recorded, again.duplicates) == (0, 3)
    assert [number for number, _ in again.rejected] == [2, 4]
    assert numbers(database) == [1, 3, 4]


def test_lines_are_told_apart_when_a_bulk_repeats_an_id(database: Database) -> None:
    (one,) = lines(1)
    other = Line(3, Note(id=one.command.id, number=2), b"another body    ")
    again = Line(2, one.command, one.request_hash)
    (done,) = submitted(database, Bulk(note_many, [one, again, other], None))
    assert (done.recorded, done.duplicates) == (1, 1)
    assert [(number, type(error)) for number, error in done.rejected] == [(3, Conflict)]
    assert numbers(database) == [1]


def test_repeat_is_no_duplicate_when_the_first_of_its_lines_was_rejected(
    database: Database,
) -> None:
    refused, good = lines(-1, 2)
    again = Line(3, refused.command, refused.request_hash)
    mended = Line(4, Note(id=refused.command.id, number=1), b"another body    ")
    repeated = Line(5, good.command, good.request_hash)
    (done,) = submitted(database, Bulk(note_many, [refused, good, again, mended, repeated], None))
    assert (done.recorded, done.duplicates) == (2, 1)
    assert [number for number, _ in done.rejected] == [1, 3]
    assert numbers(database) == [2, 1]


def test_bulk_and_its_neighbours_are_whole_when_the_database_fails_between(
    database: Database,
) -> None:
    found = submitted(
        database,
        Bulk(note_many, lines(1, -2, 3), None),
        Noting(4, failing_of_the_database(2)),
        Bulk(note_many, lines(5, 6), None),
    )
    assert (found[0].recorded, found[1], found[2].recorded) == (2, 4, 2)
    assert numbers(database) == [1, 3, 4, 5, 6]


@pytest.mark.parametrize("turn", range(3))
def test_log_stays_gapless_when_good_and_bad_come_mixed(new_file: Open, turn: int) -> None:
    database = new_file()
    works: list[Any] = [request(n if n % 3 != turn else -n - 1) for n in range(40)]
    works.append(Bulk(note_many, lines(100, -101, 102), None))
    submitted(database, *works)
    kept = [n for n in range(40) if n % 3 != turn]
    assert numbers(database) == [*kept, 100, 102]
    assert [number for number, _ in logged(database)] == list(range(1, len(kept) + 3))


def test_answers_are_forgotten_when_their_savepoint_is_rolled_back(database: Database) -> None:
    with database.writing() as session:
        idempotency = IdempotencyStore(session.connection(), ["a", "b"])
        idempotency.save("a", b"%016d" % 1, {"id": "a"})
        before = idempotency.position()
        idempotency.save("b", b"%016d" % 2, {"id": "b"})
        idempotency.undo_to(before)
        assert idempotency.get("b") is None
        idempotency.write()
        session.commit()
    with database.reading() as session:
        known = saved_answers(session.connection(), ["a", "b"])
    assert {id_: found.answer for id_, found in known.items()} == {"a": {"id": "a"}}
