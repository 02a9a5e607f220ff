"""Sources of backups in tests, and a rollup made anew from the streams."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from bulwark.backup.source import Source
from bulwark.data_folder import Folder
from bulwark.registry import SERVICES
from bulwark.settings import Settings
from shared.database.engine import Database
from shared.inbox.reader import Reader
from shared.nats.connection import Bus
from shared.runtime.migrations import migrate
from shared.runtime.tasks import end_all
from shared.writer.writer import Writer
from tests.support.harness import PATIENCE, Node, PostgresServer


def source_of_node(node: Node) -> Source:
    """A running node as upkeep sees it."""
    return source_at(node.folder.path, node.urls)


def source_at(folder: Path, urls: Mapping[str, str]) -> Source:
    """An instance in a folder, with its databases."""
    return Source(Folder(folder), dict(urls), Settings(data=folder))


def empty_place(folder: Path, postgres: PostgresServer | None) -> Source:
    """Where a site may be restored: no folder yet, empty databases."""
    urls = {
        name: postgres.new_database() if postgres else f"sqlite:///{folder / 'db' / name}.db"
        for name in SERVICES
    }
    return source_at(folder, urls)


def quiet(_line: str) -> None:
    """Nobody listens."""


def rebuilt_rollup(node: Node, folder: Path) -> Database:
    """A rollup that has read a node's streams from their beginning into an empty database."""
    service = SERVICES["rollup"]
    empty = Database(f"sqlite:///{folder}/rebuilt.db")
    migrate(service, empty)

    async def fill() -> None:
        bus = Bus(node.broker.url, "again")
        await bus.connect()
        writer = Writer(service, node.instance.site, empty)
        writer.start()
        readers = [Reader(source, writer, empty, bus) for source in service.listens_to]
        reading = [asyncio.ensure_future(reader.run()) for reader in readers]
        heads = {name: node.runtime(name).writer.head for name in service.listens_to}
        async with asyncio.timeout(PATIENCE):
            while any(reader.checkpoint < heads[reader.source] for reader in readers):
                await asyncio.sleep(0.01)
        await end_all(reading)
        await writer.stop()
        await bus.close()

    node.run(fill())
    return empty
