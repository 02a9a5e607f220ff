"""`bulwark backup`: a whole site, copied while it runs.

Nobody is held still. Each copy is of one moment, and readers are copied before those they read:
a place that a copy holds was reached by events that its source had committed before, and logs only
grow, so that the source's copy, made later, holds them. The keys come last: whoever sealed
something that a copy holds had the key on disk before.
"""

import shutil
from collections.abc import Callable, Collection
from pathlib import Path

from bulwark.backup.copies import connected, copy_database, is_sqlite
from bulwark.backup.disk import copy_file, digest, make_folder, megabytes
from bulwark.backup.keys import copy_keys, identity
from bulwark.backup.manifest import BackupError, DatabaseCopy, FileCopy, Manifest, places_beyond
from bulwark.backup.record import Record, Rehearsal, keep, read_record
from bulwark.backup.source import Source, readers_first, release
from shared.clock.clock import Clock

# What is written while it is copied, and what must stay free for the site itself.
ROOM = 1.1
LEFT_FREE = 500_000_000

Tell = Callable[[str], None]


def backup(
    source: Source, target: Path, clock: Clock, *, keys: Path | None = None, tell: Tell
) -> Manifest:
    """Make a backup in a new folder; raises BackupError. Until the manifest stands it is none."""
    source.folder.require()
    began = clock.now()
    _refuse_used(target)
    try:
        make_folder(target)
        _look_for_room(source, target)
        services = _copy_databases(source, target, tell)
        for name, file in source.files():
            copy_file(file, target / name)
        known = _copy_the_keys(source, keys, clock)
    except OSError as error:
        where = error.filename or target
        raise BackupError(f"{where}: 无法写入 / cannot be written: {error.strerror}") from error
    manifest = Manifest(
        bulwark=release(),
        started_at=began,
        finished_at=clock.now(),
        services=services,
        files=_listed(target),
        settings=source.kept_settings(),
        keys=known,
    )
    manifest.write(target)
    return manifest


def told(
    manifest: Manifest,
    target: Path,
    keys: Path | None,
    rehearsal: Rehearsal | None,
    folders: Collection[Path],
) -> Record:
    """Tell monitoring of a backup, good or not, in each of some folders; returns what is told.

    One whose rehearsal failed is no backup: the time of the last good one stays.
    """
    failed = rehearsal is not None and not rehearsal.ok
    for folder in folders:
        if failed and rehearsal is not None:
            record = read_record(folder).failed(rehearsal.at, str(rehearsal.error))
            record = record.model_copy(update={"rehearsal": rehearsal})
        else:
            before = read_record(folder)
            record = Record(
                keys_copied_at=manifest.finished_at if keys else before.keys_copied_at,
                finished_at=manifest.finished_at,
                started_at=manifest.started_at,
                path=str(target),
                bytes=manifest.bytes,
                seconds=(manifest.finished_at - manifest.started_at).total_seconds(),
                keys=keys is not None,
                rehearsal=rehearsal,
            )
        keep(record, folder)
    return record


def _refuse_used(target: Path) -> None:
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BackupError(f"{target} 不是空文件夹,请另选 / is not an empty folder: choose another")


def _look_for_room(source: Source, target: Path) -> None:
    sizes = [file.stat().st_size for file in source.database_files() if file.exists()]
    # Packed, they are less than half; one at a time lies there unpacked.
    needed = sum(sizes) // 2 + max(sizes, default=0)
    for url in source.urls.values():
        if not is_sqlite(url):
            needed += _dumped_size(url)
    free = shutil.disk_usage(target).free
    if free < needed * ROOM + LEFT_FREE:
        raise BackupError(
            f"{target} 空间不足:需约 {megabytes(needed)},剩 {megabytes(free)} / not enough room: "
            f"about {megabytes(needed)} needed, {megabytes(free)} free"
        )


def _dumped_size(url: str) -> int:
    from sqlalchemy import text
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with connected(url) as connection:
            size = connection.execute(text("SELECT pg_database_size(current_database())"))
            # A dump is compressed, and has no indexes.
            return int(size.scalar_one()) // 2
    except SQLAlchemyError:
        # The copy itself will say why.
        return 0


def _copy_databases(source: Source, target: Path, tell: Tell) -> dict[str, DatabaseCopy]:
    services: dict[str, DatabaseCopy] = {}
    for name in readers_first():
        copy = copy_database(name, source.urls[name], target)
        services[name] = copy
        size = megabytes((target / copy.file).stat().st_size)
        tell(f"  {name:<11} {copy.kind:<10}  {copy.head:>9} 个事件 / events  {size:>10}")
    for fault in places_beyond(services):
        raise BackupError(
            f"各库不属同一时刻,请先运行 bulwark doctor / databases of different moments, see "
            f"bulwark doctor: {fault}"
        )
    return services


def _copy_the_keys(source: Source, keys: Path | None, clock: Clock) -> str | None:
    if keys is not None:
        accounts = source.settings.nats_accounts
        return copy_keys(source.folder.keys, keys, clock.now(), accounts)
    try:
        return identity(source.folder.keys)
    except BackupError:
        # A container that backs up may see the databases and not the keys.
        return None


def _listed(target: Path) -> dict[str, FileCopy]:
    return {
        file.relative_to(target).as_posix(): FileCopy(
            bytes=file.stat().st_size, sha256=digest(file)
        )
        for file in sorted(target.rglob("*"))
        if file.is_file()
    }
