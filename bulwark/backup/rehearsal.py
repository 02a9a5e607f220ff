"""The rehearsal of a restore: a backup is restored into a temporary folder and verified.

It does not touch the running site. On PostgreSQL a scratch database is made if the role may do so;
otherwise the dump is read to its end.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy import Connection, func, make_url, select, text

from bulwark.backup import postgres_programs
from bulwark.backup.copies import connected, facts_of, load_dump, restore_database
from bulwark.backup.disk import copy_file
from bulwark.backup.manifest import BackupError, DatabaseCopy, Manifest, checked
from bulwark.backup.record import Rehearsal
from bulwark.backup.source import Source
from shared.areas.csv_file import AreasError
from shared.areas.tree import Areas
from shared.clock.clock import Clock
from shared.policy.pack import Packs
from shared.policy.toml_file import PolicyError
from shared.writer.log import events


def rehearse(folder: Path, source: Source, clock: Clock) -> Rehearsal:
    """Restore a backup into a temporary folder beside it and verify it.

    A fault of the backup is returned in the result, not raised.
    """
    how: dict[str, str] = {}
    try:
        manifest = checked(folder)
        with tempfile.TemporaryDirectory(prefix=".rehearsal-", dir=folder.parent) as scratch:
            for name, copy in manifest.services.items():
                how[name] = _rehearse(name, copy, folder, Path(scratch), source.urls[name])
            _rehearse_files(manifest, folder, Path(scratch))
    except (BackupError, AreasError, PolicyError, OSError, psycopg.Error) as error:
        text = " ".join(str(error).split())
        return Rehearsal(at=clock.now(), ok=False, how=how, error=text)
    return Rehearsal(at=clock.now(), ok=True, how=how)


def _rehearse(name: str, copy: DatabaseCopy, folder: Path, scratch: Path, url: str) -> str:
    if copy.kind == "sqlite":
        restored = f"sqlite:///{scratch / name}.db"
        restore_database(name, copy, folder, restored)
        with connected(restored, immutable=True) as connection:
            _verify(name, copy, connection)
        return "loaded"
    try:
        with _scratch_database(url) as restored:
            load_dump(folder / copy.file, restored, copy)
            with connected(restored) as connection:
                _verify(name, copy, connection)
    except psycopg.errors.InsufficientPrivilege:
        path = postgres_programs.program("pg_restore", copy.server)
        postgres_programs.read_through(path, folder / copy.file)
        return "read"
    return "loaded"


def _verify(name: str, copy: DatabaseCopy, connection: Connection) -> None:
    """Check that the restored database is intact and agrees with the manifest."""
    facts = facts_of(connection)
    if facts is None or (facts.revisions, facts.head, facts.places) != (
        copy.revisions,
        copy.head,
        copy.places,
    ):
        raise BackupError(f"{name}: 恢复后与清单不符 / restored, it differs from the manifest")
    count = connection.execute(select(func.count()).select_from(events)).scalar_one()
    if count != (facts.head - facts.oldest + 1 if facts.head else 0):
        raise BackupError(f"{name}: 日志有缺号 / the log has gaps: {count} of {facts.head}")
    if connection.dialect.name == "sqlite":
        found = connection.execute(text("PRAGMA integrity_check(1)")).scalar_one()
        if found != "ok":
            raise BackupError(f"{name}: 数据库损坏 / the database is damaged: {found}")


def _rehearse_files(manifest: Manifest, folder: Path, scratch: Path) -> None:
    for name in manifest.files:
        if name == "areas.db" or name.startswith("policies/"):
            copy_file(folder / name, scratch / name)
    if (scratch / "areas.db").exists():
        areas = Areas.open(scratch / "areas.db")
        areas.count()
        areas.close()
    if (scratch / "policies").exists():
        Packs.load(scratch / "policies")


@contextmanager
def _scratch_database(url: str) -> Iterator[str]:
    """An empty database beside the one that a URL names; raises InsufficientPrivilege."""
    parsed = make_url(url).set(drivername="postgresql")
    name = f"bulwark_rehearsal_{uuid4().hex[:12]}"
    plain = parsed.render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        try:
            yield parsed.set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))
