"""`bulwark backup`: a whole site, copied while it runs.

Nothing is stopped. Each copy is of one moment, and readers are copied before their sources: the
events up to a copied checkpoint were committed by their source before, and logs only grow, so the
source's copy, made later, contains them. The keys come last: the key of anything sealed in a copy
was on disk before.
"""

import shutil
from collections.abc import Callable, Collection
from pathlib import Path

from bulwark.backup.copies import connected, copy_database, is_sqlite
from bulwark.backup.disk import copy_file, digest, make_folder, megabytes
from bulwark.backup.keys import copy_keys, identity
from bulwark.backup.manifest import BackupError, DatabaseCopy, FileCopy, Manifest, places_beyond
from bulwark.backup.record import Record, Rehearsal, read_record, save
from bulwark.backup.source import Source, readers_first, release
from shared.clock.clock import Clock

# For what is written during the copy, and what must stay free for the site itself.
MARGIN = 1.1
LEFT_FREE = 500_000_000

Show = Callable[[str], None]


def backup(
    source: Source, target: Path, clock: Clock, *, keys: Path | None = None, show: Show
) -> Manifest:
    """Make a backup in a new folder; raises BackupError. It is complete once it has a manifest."""
    source.folder.require()
    began = clock.now()
    _refuse_used(target)
    try:
        make_folder(target)
        _require_space(source, target)
        services = _copy_databases(source, target, show)
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


def record_backup(
    manifest: Manifest,
    target: Path,
    keys: Path | None,
    rehearsal: Rehearsal | None,
    folders: Collection[Path],
) -> Record:
    """Record a backup, good or not, for monitoring in each of the folders; returns the record.

    If its rehearsal failed it does not count: the time of the last good backup stays.
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
        save(record, folder)
    return record


def _refuse_used(target: Path) -> None:
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BackupError(f"{target} 不是空文件夹,请另选 / is not an empty folder: choose another")


def _require_space(source: Source, target: Path) -> None:
    sizes = [file.stat().st_size for file in source.database_files() if file.exists()]
    # Compressed, they take less than half; one at a time is there uncompressed.
    needed = sum(sizes) // 2 + max(sizes, default=0)
    for url in source.urls.values():
        if not is_sqlite(url):
            needed += _dumped_size(url)
    free = shutil.disk_usage(target).free
    if free < needed * MARGIN + LEFT_FREE:
        raise BackupError(
            f"{target} 空间不足:需约 {megabytes(needed)},剩 {megabytes(free)} / not enough space: "
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
        # The copy itself will report the error.
        return 0


def _copy_databases(source: Source, target: Path, show: Show) -> dict[str, DatabaseCopy]:
    services: dict[str, DatabaseCopy] = {}
    for name in readers_first():
        copy = copy_database(name, source.urls[name], target)
        services[name] = copy
        size = megabytes((target / copy.file).stat().st_size)
        show(f"  {name:<11} {copy.kind:<10}  {copy.head:>9} 个事件 / events  {size:>10}")
    for fault in places_beyond(services):
        raise BackupError(
            f"各库不属同一时刻,请先运行 bulwark doctor / databases of different moments, run "
            f"bulwark doctor first: {fault}"
        )
    return services


def _copy_the_keys(source: Source, keys: Path | None, clock: Clock) -> str | None:
    if keys is not None:
        accounts = source.settings.nats_accounts
        return copy_keys(source.folder.keys, keys, clock.now(), accounts)
    try:
        return identity(source.folder.keys)
    except BackupError:
        # A backup container may have access to the databases and not to the keys.
        return None


def _listed(target: Path) -> dict[str, FileCopy]:
    return {
        file.relative_to(target).as_posix(): FileCopy(
            bytes=file.stat().st_size, sha256=digest(file)
        )
        for file in sorted(target.rglob("*"))
        if file.is_file()
    }
