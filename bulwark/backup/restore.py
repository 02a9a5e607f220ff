"""`bulwark restore`: a whole site from a backup, onto an empty machine with an empty broker.

Everything is checked before anything is changed. Streams are not restored: the next start rebuilds
them from the logs. While a restore is unfinished, a marker file keeps the instance from starting,
and running the same command again continues it.
"""

import asyncio
from pathlib import Path
from typing import Literal

import nats
import nats.errors
from sqlalchemy import inspect
from sqlalchemy.exc import SQLAlchemyError

from bulwark.admin.webhooks import pause_all
from bulwark.backup.backup import Show
from bulwark.backup.copies import connected, facts_of, file_of, is_sqlite, restore_database
from bulwark.backup.disk import copy_file, make_folder, megabytes
from bulwark.backup.keys import ACCOUNTS, ASIDE, STORE, identity, refuse_others, restore_keys
from bulwark.backup.manifest import BackupError, DatabaseCopy, Manifest, checked
from bulwark.backup.source import Source, sources_first
from bulwark.backup.sqlite_to_postgres import load_rows
from bulwark.broker.subscribers import changing, read
from bulwark.broker.tail import STREAMS
from bulwark.data_folder import RESTORING, Folder
from bulwark.registry import SERVICES
from shared.database.engine import Database
from shared.files import sync_folder, write_whole
from shared.nats.connection import STREAM_NOT_FOUND, StreamRefused, reached_by
from shared.nats.connection import checked as answered
from shared.runtime.key_check import forget_keys
from shared.runtime.migrations import age, newest

BROKER_SECONDS = 3.0


def restore(
    backup: Path, source: Source, *, keys: Path | None, without_keys: bool, show: Show
) -> Manifest:
    """Restore a backup; raises BackupError, if possible before anything is written."""
    show(f"核对备份 / verifying {backup}")
    manifest = checked(backup)
    _refuse_unfit(manifest, source)
    _refuse_keys(manifest, source, keys, without_keys=without_keys)
    source.folder.refuse_foreign()
    restored = _refuse_used(manifest, source)
    _refuse_streams(source)
    try:
        _begin(source.folder)
        lock = source.folder.hold()
        try:
            _restore_files(manifest, backup, source.folder)
            for name in sources_first():
                copy, url = manifest.services[name], source.urls[name]
                if name not in restored and copy.kind == "sqlite" and not is_sqlite(url):
                    load_rows(name, copy, backup, url)
                elif name not in restored:
                    restore_database(name, copy, backup, url)
                size = megabytes(manifest.files[copy.file].bytes)
                show(f"  {name:<11} {copy.kind:<10}  {copy.head:>9} 个事件 / events  {size:>10}")
            if keys is not None:
                restore_keys(keys, source.folder.keys, manifest.keys)
                _restore_accounts(keys, source, show)
            if without_keys:
                _forget_keys(source)
            _pause_webhooks(source, show)
            (source.folder.path / RESTORING).unlink()
            sync_folder(source.folder.path)
        finally:
            lock.close()
    except OSError as error:
        where = error.filename or source.folder.path
        raise BackupError(f"{where}: 无法写入 / cannot be written: {error.strerror}") from error
    return manifest


def _forget_keys(source: Source) -> None:
    """Accept new keys after a restore without the old ones, whose data stays unreadable."""
    for url in source.urls.values():
        database = Database(url)
        try:
            forget_keys(database)
        finally:
            database.close()


def _pause_webhooks(source: Source, show: Show) -> None:
    """Pause webhooks: a copy on another machine must not send in the site's name."""
    count = pause_all(source.urls["rollup"])
    if count:
        show(
            f"  {count} 个推送已暂停,确认后恢复 / {count} webhooks are paused: "
            "bulwark webhook resume ID"
        )


def unlike(manifest: Manifest, source: Source) -> dict[str, str]:
    """The settings of the backup that differ from this process's."""
    now = source.kept_settings()
    return {name: value for name, value in manifest.settings.items() if now.get(name) != value}


def _refuse_unfit(manifest: Manifest, source: Source) -> None:
    """Reject a backup of a newer program, or of another kind of database than the settings name."""
    if manifest.services.keys() != SERVICES.keys():
        raise BackupError(
            f"备份中的服务不同 / the backup has other services: {', '.join(manifest.services)}"
        )
    for name, copy in manifest.services.items():
        service, found = SERVICES[name], copy.revisions
        match age(service, found):
            case "newer":
                known = newest(service)
                raise BackupError(
                    f"{name}: 备份的库版本 {found} 比本程序 {known} 新,请先升级程序 / the "
                    f"backup ({found}) is newer than this program ({known}): upgrade it first"
                )
            case "too old":
                raise BackupError(
                    f"{name}: 备份的库版本 {found} 过旧,本程序无法升级 / the backup ({found}) is "
                    "too old: restore it with the release that made it"
                )
        here = "sqlite" if is_sqlite(source.urls[name]) else "postgresql"
        if copy.kind == "postgresql" and here == "sqlite":
            raise BackupError(
                f"{name}: 备份来自 {copy.kind},BULWARK_{name.upper()}_DATABASE_URL 指向 {here} / "
                f"the backup is of {copy.kind}, but the setting names {here}"
            )


def _refuse_keys(
    manifest: Manifest, source: Source, keys: Path | None, *, without_keys: bool
) -> None:
    if keys is not None:
        found = identity(keys)
        if manifest.keys is not None and found != manifest.keys:
            raise BackupError(
                f"--keys {keys}: 不是这份备份的密钥 / are not the keys of this backup"
            )
        refuse_others(keys, source.folder.keys)
        return
    if without_keys:
        return
    own = source.folder.keys
    fits = (own / STORE).exists() and manifest.keys in (None, identity(own))
    if not fits:
        raise BackupError(
            "请用 --keys 指明密钥备份;没有密钥则无法再读居民资料、旧令牌全部失效,确要如此请加 "
            "--without-keys / give --keys; without the keys personal data can never be read and "
            "old tokens are invalid: to accept this, add --without-keys"
        )


def _refuse_used(manifest: Manifest, source: Source) -> set[str]:
    """Reject a target in use; returns the services that an interrupted restore has finished."""
    again = (source.folder.path / RESTORING).exists()
    restored: set[str] = set()
    for name, url in source.urls.items():
        if again and is_sqlite(url):
            continue
        if not _is_used(name, url):
            continue
        state = _state(url, manifest.services[name]) if again else "other"
        if state == "unfilled":
            continue
        if state == "other":
            where = file_of(url) if is_sqlite(url) else f"BULWARK_{name.upper()}_DATABASE_URL"
            raise BackupError(
                f"{name} 已有数据({where}),只能恢复到空的实例 / already holds data ({where}): "
                "a backup can only be restored onto an empty instance"
            )
        restored.add(name)
    return restored


def _is_used(name: str, url: str) -> bool:
    if is_sqlite(url):
        file = file_of(url)
        return file.exists() and file.stat().st_size > 0
    try:
        with connected(url) as connection:
            return bool(inspect(connection).get_table_names())
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise BackupError(
            f"{name}: 数据库无法访问 / the database does not answer: {reason}"
        ) from error


def _state(url: str, copy: DatabaseCopy) -> Literal["restored", "unfilled", "other"]:
    """How far an interrupted restore got with a database."""
    with connected(url) as connection:
        facts = facts_of(connection)
    if facts is not None and (facts.head, facts.places) == (copy.head, copy.places):
        return "restored"
    # Its tables were made, but no rows were copied.
    return "unfilled" if facts is not None and not (facts.head or facts.places) else "other"


def _refuse_streams(source: Source) -> None:
    """Reject a broker with streams: events beyond the backup would stop the services."""
    for stream in source.folder.nats.glob("jetstream/*/streams/*"):
        raise BackupError(
            f"{stream} 存有消息流,请先清空总线存储 / "
            "the broker's store holds a stream: empty it first"
        )
    if "nats_url" in source.settings.model_fields_set:
        found = asyncio.run(_streams_at(source.settings.nats_url))
        if found:
            raise BackupError(
                f"总线上已有消息流 / the broker holds streams already: {', '.join(found)}; "
                "请先清空其存储 / empty its store first"
            )


async def _streams_at(url: str) -> list[str]:
    """Which of our streams a broker holds; empty when it does not answer (not started yet)."""
    try:
        client = await asyncio.wait_for(
            nats.connect(**reached_by(url), allow_reconnect=False, connect_timeout=2),
            BROKER_SECONDS,
        )
    except (OSError, TimeoutError, nats.errors.Error):
        return []
    found = []
    try:
        for name in STREAMS:
            answer = await client.request(f"$JS.API.STREAM.INFO.{name}", timeout=BROKER_SECONDS)
            try:
                answered(answer.data)
            except StreamRefused as error:
                if error.code == STREAM_NOT_FOUND:
                    continue
                raise
            found.append(name)
    except (TimeoutError, nats.errors.Error, StreamRefused):
        return found
    finally:
        await client.close()
    return found


def _begin(folder: Folder) -> None:
    make_folder(folder.path)
    write_whole(folder.path / RESTORING, b"")
    for part in (folder.keys, folder.policies, folder.nats, folder.path / "db"):
        part.mkdir(parents=True, exist_ok=True)
    folder.keys.chmod(0o700)


def _restore_accounts(keys: Path, source: Source, show: Show) -> None:
    """Restore subscribers' accounts of a separate broker; existing ones stay."""
    accounts = source.settings.nats_accounts
    if accounts is None or not (found := read(keys / ACCOUNTS)):
        return
    with changing(accounts) as kept:
        kept |= {name: one for name, one in found.items() if name not in kept}
    show(f"  订阅方 {len(found)} 个,重启总线后生效 / subscribers, active after the broker restarts")


def _restore_files(manifest: Manifest, backup: Path, folder: Folder) -> None:
    databases = {copy.file for copy in manifest.services.values()}
    for name in manifest.files:
        if name in databases:
            continue
        there = folder.path / name
        if there.exists() and there.read_bytes() != (backup / name).read_bytes():
            # An area tree or a pack that somebody put there: kept under another name.
            there.replace(there.with_name(f"{there.name}{ASIDE}"))
        copy_file(backup / name, there)
