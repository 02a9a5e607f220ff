"""SQLite's write-ahead log is checkpointed between commits, not within them."""

import asyncio
from pathlib import Path

from shared.database.engine import Database
from shared.writer.handlers import Handlers
from shared.writer.transaction import Transaction
from shared.writer.writer import WAL_CHECKPOINT_BYTES, Writer
from tests.support.core.pair import make_site, open_database
from tests.support.harness import eventually

MEGABYTE = 1024 * 1024


class Much:
    """Work that writes a number of bytes, in documents of a megabyte."""

    size = 1

    def __init__(self, size: int) -> None:
        self.documents = size // MEGABYTE

    def run(self, tx: Transaction, *, isolate: bool) -> None:
        for _ in range(self.documents):
            tx.buffer.add("events.test", b"x" * MEGABYTE)


def opened(folder: Path) -> tuple[Database, Path]:
    file = folder / "test.db"
    return open_database(f"sqlite:///{file}"), file


def written(database: Database, *works: Much) -> tuple[asyncio.AbstractEventLoop, Writer]:
    """The writer that did works one after the other, and its loop."""
    writer = Writer(Handlers("test"), make_site(), database)

    async def submit() -> None:
        writer.start()
        for work in works:
            await writer.submit(work)

    loop = asyncio.new_event_loop()
    loop.run_until_complete(submit())
    return loop, writer


def test_file_holds_what_was_written_when_the_writer_has_nothing_else_to_do(
    tmp_path: Path,
) -> None:
    database, file = opened(tmp_path)
    loop, writer = written(database, Much(2 * WAL_CHECKPOINT_BYTES))
    eventually(lambda: file.stat().st_size > 2 * WAL_CHECKPOINT_BYTES)
    loop.run_until_complete(writer.stop())
    loop.close()
    database.close()


def test_readers_see_what_was_written_when_it_is_not_checkpointed_yet(tmp_path: Path) -> None:
    database, file = opened(tmp_path)
    database.wal_checkpoint()
    before = file.stat().st_size
    loop, writer = written(database, Much(MEGABYTE))
    assert file.stat().st_size == before
    with database.reading() as session:
        rows = session.connection().exec_driver_sql("SELECT length(document) FROM events").all()
    assert [tuple(row) for row in rows] == [(MEGABYTE,)]
    database.wal_checkpoint()
    assert file.stat().st_size > MEGABYTE
    loop.run_until_complete(writer.stop())
    loop.close()
    database.close()
