"""The writer: in order, many to a transaction, answered after the commit, neighbours unharmed."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from typing import Any

import pytest
from sqlalchemy import select, text

from shared.database.engine import Database
from shared.events.envelope import parse
from shared.exceptions import Rejected, Unavailable
from shared.writer.log import rows_about
from shared.writer.transaction import Transaction
from shared.writer.writer import Commit, Writer
from tests.support.core.pair import Open, logged, make_site, make_source, request, things
from tests.support.core.works import Gate, Noting, failing_of_the_database, writing
from tests.support.harness import PATIENCE, new_id

Outcomes = list[Any]


def numbers(database: Database) -> list[int]:
    """The numbers in the log, in order; each of them is in the service's rows as well."""
    found = [parse(document)["data"]["number"] for _, document in logged(database)]
    with database.reading() as session:
        assert sorted(found) == sorted(session.execute(select(things.c.number)).scalars())
    return found


async def held(writer: Writer) -> tuple[Gate, asyncio.Task[Any]]:
    """Hold the writer in a transaction, so that what is submitted now shares the next one."""
    gate = Gate()
    held_up = asyncio.create_task(writer.submit(gate))
    await asyncio.to_thread(gate.entered.wait, 20)
    return gate, held_up


async def together(writer: Writer, *works: Any) -> Outcomes:
    """The outcomes of works that queued while a commit ran."""
    gate, held_up = await held(writer)
    waiting = [asyncio.create_task(writer.submit(work)) for work in works]
    await asyncio.sleep(0)
    gate.opened.set()
    assert await held_up == "through"
    return await asyncio.gather(*waiting, return_exceptions=True)


def play(scenario: Coroutine[Any, Any, Outcomes]) -> Outcomes:
    return asyncio.run(scenario)


def test_works_are_committed_together_in_order_when_they_queued(database: Database) -> None:
    commits: list[Commit] = []

    async def scenario() -> Outcomes:
        async with writing(database, commits.append) as writer:
            return await together(writer, *[Noting(number) for number in range(30)])

    assert play(scenario()) == list(range(30))
    assert numbers(database) == list(range(30))
    assert [len(commit.rows) for commit in commits] == [0, 30]
    assert commits[-1].head == 30


def test_age_of_the_transaction_is_reported_while_it_runs_and_not_afterwards(
    database: Database,
) -> None:
    async def scenario() -> Outcomes:
        async with writing(database) as writer:
            before = writer.transaction_seconds
            gate, held_up = await held(writer)
            meanwhile = writer.transaction_seconds
            gate.opened.set()
            await held_up
            return [before, meanwhile, writer.transaction_seconds]

    before, meanwhile, after = play(scenario())
    assert (before, after) == (0, 0)
    assert meanwhile > 0


def test_transaction_is_cut_when_it_would_grow_too_heavy(
    new_file: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.writer.writer.MAX_BATCH_SIZE", 10)
    commits: list[Commit] = []
    database = new_file()

    async def scenario() -> Outcomes:
        async with writing(database, commits.append) as writer:
            return await together(
                writer, *[Noting(n, size=w) for n, w in enumerate((4, 6, 1, 30, 5, 5))]
            )

    assert play(scenario()) == list(range(6))
    assert [len(commit.rows) for commit in commits] == [0, 2, 1, 1, 2]


def test_answer_comes_after_the_commit_when_a_change_is_made(database: Database) -> None:
    async def scenario() -> Outcomes:
        async with writing(database) as writer:
            gate, held_up = await held(writer)
            first = asyncio.create_task(writer.submit(Noting(1)))
            await asyncio.sleep(0)
            assert not first.done()
            assert not writer.idle
            gate.opened.set()
            await held_up
            return [await first, numbers(database), writer.head, writer.idle]

    assert play(scenario()) == [1, [1], 1, True]


def _explode(_tx: Transaction) -> None:
    raise ValueError("a handler failed")


def _run_out(_tx: Transaction) -> None:
    next(iter(()))


def _break_a_rule(tx: Transaction) -> None:
    tx.session.execute(text("INSERT INTO things (id, number) VALUES ('x', 1)"))


def test_neighbours_are_stored_when_a_work_is_rejected_or_fails(database: Database) -> None:
    commits: list[Commit] = []
    refusal = request(-1)
    works = [
        request(1),
        refusal,
        Noting(2, _explode),
        request(3),
        Noting(4, _run_out),
        Noting(5, _break_a_rule),
        request(6),
    ]

    async def scenario() -> Outcomes:
        async with writing(database, commits.append) as writer:
            return await together(writer, *works)

    found = play(scenario())
    assert isinstance(found[1], Rejected)
    assert [type(found[at]) for at in (2, 4)] == [ValueError, RuntimeError]
    assert "UNIQUE" in str(found[5]).upper()
    assert [found[at].repeated for at in (0, 3, 6)] == [False] * 3
    assert numbers(database) == [1, 3, 6]
    assert [number for number, _ in logged(database)] == [1, 2, 3]
    told = [recorded.data.number for commit in commits for recorded in commit.broadcasts]
    assert told == [1, 3, 6]
    with database.reading() as session:
        refused = refusal.command.id
        assert rows_about(session.connection(), refused) == []


def test_next_work_sees_the_row_as_it_was_when_a_work_failed_after_changing_it(
    database: Database,
) -> None:
    def change(tx: Transaction) -> None:
        tx.session.execute(text("UPDATE things SET number = 70 WHERE number = 7"))
        raise ValueError("after the change")

    seen: list[int] = []

    def look(tx: Transaction) -> None:
        seen.extend(tx.session.scalars(select(things.c.number).where(things.c.number < 80)))

    async def scenario() -> Outcomes:
        async with writing(database) as writer:
            return await together(writer, Noting(7), Noting(8, change), Noting(90, look))

    found = play(scenario())
    assert (found[0], found[2]) == (7, 90)
    assert seen[-1:] == [7]
    assert numbers(database) == [7, 90]


def test_actions_are_done_once_when_a_transaction_was_tried_again(database: Database) -> None:
    done: list[int] = []

    def count(number: int, *, fail: bool) -> Noting:
        def then(tx: Transaction) -> None:
            tx.on_commit(lambda: done.append(number))
            if fail:
                raise ValueError("counted too early")

        return Noting(number, then)

    async def scenario() -> Outcomes:
        async with writing(database) as writer:
            return await together(writer, count(1, fail=False), count(2, fail=True), Noting(3))

    play(scenario())
    assert done == [1]


def test_transaction_is_retried_as_a_whole_when_the_database_fails(database: Database) -> None:
    works = [Noting(1), Noting(2, failing_of_the_database(2)), Noting(3)]

    async def scenario() -> Outcomes:
        async with writing(database) as writer:
            return await together(writer, *works)

    assert play(scenario()) == [1, 2, 3]
    assert numbers(database) == [1, 2, 3]
    assert [work.runs for work in works] == [3, 3, 1]


def test_all_is_tried_again_when_the_database_fails_after_a_refusal(database: Database) -> None:
    works = [Noting(1), request(-5), Noting(2, failing_of_the_database(1))]

    async def scenario() -> Outcomes:
        async with writing(database) as writer:
            return await together(writer, *works)

    found = play(scenario())
    assert (found[0], found[2]) == (1, 2)
    assert isinstance(found[1], Rejected)
    assert numbers(database) == [1, 2]


def test_unavailable_is_said_and_nothing_kept_when_patience_ends(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.writer.writer.DATABASE_RETRY_SECONDS", 0.2)

    async def scenario() -> Outcomes:
        async with writing(database) as writer:
            found = await together(writer, Noting(1), Noting(2, failing_of_the_database(99)))
            return [*found, await writer.submit(Noting(3))]

    found = play(scenario())
    assert [type(one) for one in found[:2]] == [Unavailable, Unavailable]
    assert found[2] == 3
    assert numbers(database) == [3]


def test_faulty_statement_fails_at_once_when_the_driver_calls_it_operational(
    new_file: Open,
) -> None:
    database = new_file()
    work = Noting(1, lambda tx: tx.session.execute(text("SELECT * FROM no_such_table")))

    async def scenario() -> Outcomes:
        async with writing(database) as writer:
            return await together(writer, work, Noting(2))

    found = play(scenario())
    assert "no_such_table" in str(found[0])
    assert found[1] == 2
    assert work.runs == 2


def test_change_is_made_when_a_file_was_locked_by_another_process(
    new_file: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.database.engine.BUSY_SECONDS", 0.05)
    database = new_file()
    locked, release = threading.Event(), threading.Event()

    def hold() -> None:
        with database.write_engine.begin():
            locked.set()
            release.wait(PATIENCE)

    holder = threading.Thread(target=hold)
    holder.start()

    async def scenario() -> Outcomes:
        async with writing(database) as writer:
            await asyncio.to_thread(locked.wait, PATIENCE)
            change = asyncio.create_task(writer.submit(Noting(1)))
            await asyncio.sleep(0.15)
            assert not change.done()
            release.set()
            return [await change]

    assert play(scenario()) == [1]
    holder.join()
    assert numbers(database) == [1]


def test_queue_is_finished_when_the_writer_stops(database: Database) -> None:
    async def scenario() -> Outcomes:
        writer = Writer(make_source(), make_site(), database)
        writer.start()
        gate, held_up = await held(writer)
        waiting = [asyncio.create_task(writer.submit(Noting(number))) for number in range(5)]
        await asyncio.sleep(0)
        ending = asyncio.create_task(writer.stop())
        await asyncio.sleep(0)
        late = await asyncio.gather(writer.submit(Noting(9)), return_exceptions=True)
        gate.opened.set()
        await ending
        return [await held_up, *await asyncio.gather(*waiting), *late]

    *found, late = play(scenario())
    assert found == ["through", 0, 1, 2, 3, 4]
    assert isinstance(late, Unavailable)
    assert numbers(database) == [0, 1, 2, 3, 4]


def test_change_stays_when_whoever_asked_went_away(database: Database) -> None:
    async def scenario() -> Outcomes:
        async with writing(database) as writer:
            gate, held_up = await held(writer)
            leaving = asyncio.create_task(writer.submit(Noting(1)))
            staying = asyncio.create_task(writer.submit(Noting(2)))
            await asyncio.sleep(0)
            leaving.cancel()
            gate.opened.set()
            await held_up
            return [await staying, writer.idle]

    assert play(scenario()) == [2, True]
    assert numbers(database) == [1, 2]


def test_answers_are_given_when_the_hearer_of_commits_fails(new_file: Open) -> None:
    database = new_file()
    complaints: list[Any] = []

    def fail(_commit: Commit) -> None:
        raise ValueError("the hearer failed")

    async def scenario() -> Outcomes:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: complaints.append(context["exception"]))
        async with writing(database, fail) as writer:
            return [await writer.submit(Noting(1)), await writer.submit(Noting(2))]

    assert play(scenario()) == [1, 2]
    assert [str(one) for one in complaints] == ["the hearer failed"] * 2


def test_changes_are_refused_when_the_writer_is_unavailable(new_file: Open) -> None:
    database = new_file()

    async def scenario() -> Outcomes:
        async with writing(database) as writer:
            writer.unavailable = "the database is older than the stream"
            refused = await asyncio.gather(writer.submit(Noting(1)), return_exceptions=True)
            writer.unavailable = None
            return [*refused, await writer.submit(Noting(2))]

    found = play(scenario())
    assert isinstance(found[0], Unavailable)
    assert "older" in str(found[0])
    assert numbers(database) == [2]


@pytest.mark.parametrize("keep", [True, False])
def test_rows_written_past_the_session_are_undone_when_their_savepoint_is(
    database: Database, keep: bool
) -> None:
    """Rows sent straight to the connection, past the session, as hot handlers do."""
    row = {"id": new_id(), "number": 1}

    def try_it(tx: Transaction) -> None:
        with contextlib.suppress(KeyError), tx.savepoint(keep=keep):
            tx.connection.execute(things.insert(), [row])
            if keep:
                raise KeyError

    async def scenario() -> Outcomes:
        async with writing(database) as writer:
            return [await writer.submit(Noting(2, then=try_it))]

    assert play(scenario()) == [2]
    assert numbers(database) == [2]
