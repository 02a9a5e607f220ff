"""Checks of the machine: versions, disk, keys, certificates, backups, packs and areas."""

import os
import platform
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509

from bulwark.backup.disk import megabytes
from bulwark.backup.keys import NEEDED, identity
from bulwark.backup.manifest import BackupError
from bulwark.backup.record import FIRST_CHECK, read_record
from bulwark.backup.source import Source, release
from bulwark.doctor.findings import Finding, fine, problem
from shared.areas.csv_file import AreasError
from shared.areas.tree import Areas
from shared.policy.pack import Packs
from shared.policy.toml_file import PolicyError
from shared.security.key_files import KeyFileError
from shared.security.vault import WrongMasterKey, check_master

LEAST_FREE_SHARE = 0.1
LEAST_FREE_BYTES = 2_000_000_000
# The same as the alert BackupOld.
BACKUP_OLD = timedelta(hours=26)
KEYS_OLD = timedelta(days=30)
CERTIFICATE_ENDS = timedelta(days=21)


def check_machine(source: Source, now: datetime) -> Iterator[Finding]:
    """All checks that need neither a database nor a broker."""
    yield versions()
    yield from disk(source)
    yield from keys(source, now)
    yield from certificates(source.settings.certificates, now)
    yield from backups(source, now)
    yield from rules(source, now)


def versions() -> Finding:
    """The versions of the software here."""
    said = (
        f"Bulwark {release()}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )
    return fine("versions", f"版本:{said}", "versions")


def disk(source: Source) -> Iterator[Finding]:
    """Free space on the disks of the data folder and of SQLite databases."""
    seen: set[int] = set()
    for path in (source.folder.path, *(file.parent for file in source.database_files())):
        if not path.exists() or path.stat().st_dev in seen:
            continue
        seen.add(path.stat().st_dev)
        usage = shutil.disk_usage(path)
        share = usage.free / usage.total
        said = f"{path}: {usage.free / 1e9:.1f} GB ({share:.0%})"
        if share >= LEAST_FREE_SHARE and usage.free >= LEAST_FREE_BYTES:
            yield fine("disk", f"磁盘剩余 {said}", "free on the disk")
            continue
        yield problem(
            "disk",
            f"磁盘将满,剩余 {said}",
            "the disk is nearly full",
            (
                f"把 {source.backups} 中较早的备份移到别的磁盘,或扩大磁盘",
                f"move older backups from {source.backups} to another disk, or enlarge this one",
            ),
            (
                "磁盘满时不会丢失已接收的记录;有空间后消息总线会自动重启(容器中由健康检查重启)",
                "no accepted record is lost; with free space again the broker restarts",
            ),
        )


def keys(source: Source, now: datetime) -> Iterator[Finding]:
    """The keys exist, fit each other, are readable only by us, and have a copy elsewhere."""
    folder = source.folder.keys
    missing = [name for name in NEEDED if not (folder / name).is_file()]
    if missing:
        yield problem(
            "keys",
            f"缺少密钥:{', '.join(missing)}({folder})",
            "keys are missing",
            (
                f"从密钥备份复制回 {folder};新实例首次启动会自动生成",
                f"copy them back into {folder}; a new instance makes them at its first start",
            ),
        )
        return
    yield _keys_fit(folder)
    yield _keys_private(folder)
    copied = read_record(source.backups).keys_copied_at
    if copied is None and not _is_older(source, now, BACKUP_OLD):
        yield fine("keys copied", "密钥尚无备份", "the keys have no copy yet")
    elif copied is None or now - copied > KEYS_OLD:
        when = f"{copied:%Y-%m-%d}" if copied else "从未 / never"
        yield problem(
            "keys copied",
            f"密钥备份过旧:{when}",
            "the copy of the keys is old",
            (
                (
                    "接上另一块磁盘后运行 bulwark backup 新文件夹 --keys 该磁盘上的文件夹,"
                    "或设 BULWARK_BACKUP_KEYS;丢失密钥等于丢失居民资料"
                ),
                (
                    "with another disk attached: bulwark backup NEW --keys FOLDER-THERE, or set "
                    "BULWARK_BACKUP_KEYS; without the keys all personal data is lost"
                ),
            ),
        )
    else:
        yield fine(
            "keys copied", f"密钥备份于 {copied:%Y-%m-%d %H:%M}", "the keys have a recent copy"
        )


def _keys_fit(folder: Path) -> Finding:
    try:
        known = identity(folder)
        check_master(folder / "people.db", folder / "master.key")
    except (BackupError, KeyFileError, WrongMasterKey) as error:
        return problem(
            "keys",
            f"密钥不能用:{error}",
            "the keys cannot be used",
            (
                "把 master.key 与 people.db 换成同一份密钥备份中的文件",
                "put back master.key and people.db from the same copy",
            ),
        )
    return fine("keys", f"密钥齐全({known[:8]})", "the keys exist and fit each other")


def _keys_private(folder: Path) -> Finding:
    loose = [
        path
        for path in (folder, *folder.iterdir())
        if stat.S_IMODE(path.stat().st_mode) & 0o077 or path.stat().st_uid != os.getuid()
    ]
    if not loose:
        return fine("keys private", "密钥仅本账号可读", "only this account can read the keys")
    return problem(
        "keys private",
        f"别的账号可读密钥:{loose[0]}",
        "other accounts can read the keys",
        (f"chmod -R go= {folder} && chown -R $(id -u) {folder}", "run this as the service's user"),
    )


def certificates(files: tuple[Path, ...], now: datetime) -> Iterator[Finding]:
    """The certificates named by the settings do not expire soon."""
    for file in files:
        renew = (f"更新 {file}", f"renew {file}")
        try:
            certificate = x509.load_pem_x509_certificate(file.read_bytes())
        except (OSError, ValueError) as error:
            yield problem(
                "certificate",
                f"证书无法读取:{file}: {error}",
                "the certificate cannot be read",
                ("请核对 BULWARK_CERTIFICATE_FILES", "check BULWARK_CERTIFICATE_FILES"),
            )
            continue
        ends = certificate.not_valid_after_utc
        if ends - now.astimezone(UTC) < CERTIFICATE_ENDS:
            yield problem(
                "certificate",
                f"证书 {file} 到期:{ends:%Y-%m-%d}",
                "the certificate expires soon",
                renew,
            )
        else:
            yield fine(
                "certificate", f"证书 {file} 有效至 {ends:%Y-%m-%d}", "the certificate is valid"
            )


def backups(source: Source, now: datetime) -> Iterator[Finding]:
    """There is a recent backup, and its restore was rehearsed."""
    record = read_record(source.backups)
    make_one = (
        "bulwark backup 新文件夹 --keys 密钥文件夹",
        "make one: bulwark backup NEW --keys KEYS",
    )
    if record.failed_at is not None and (
        record.finished_at is None or record.failed_at > record.finished_at
    ):
        yield problem(
            "backup",
            f"上次备份失败({record.failed_at:%m-%d %H:%M}):{record.error}",
            "the last backup failed",
            ("消除该原因;一小时后自动重试", "fix the cause; it is retried within an hour"),
        )
    if record.finished_at is None:
        if _is_older(source, now, BACKUP_OLD):
            yield problem("backup", "还没有任何备份", "there is no backup", make_one)
        else:
            yield fine(
                "backup", "尚无备份,今夜自动进行", "no backup yet: the first is made tonight"
            )
        return
    age = now - record.finished_at
    said = f"{record.finished_at:%Y-%m-%d %H:%M},{megabytes(record.bytes)},{record.path}"
    if age > BACKUP_OLD:
        yield problem("backup", f"备份已旧:{said}", "the last backup is old", make_one)
    else:
        rehearsed = record.rehearsal is not None and record.rehearsal.ok
        words = ("已演练恢复", "rehearsed") if rehearsed else ("未演练恢复", "not rehearsed")
        yield fine("backup", f"最近备份 {said}({words[0]})", f"the last backup, {words[1]}")


def rules(source: Source, now: datetime) -> Iterator[Finding]:
    """The policy packs and the area tree can be read."""
    try:
        pack = Packs.load(source.folder.policies).in_force(now.date())
        yield fine("policy", f"政策包 {pack.name} 生效中", "the policy pack in force")
    except PolicyError as error:
        yield problem(
            "policy",
            f"政策包有误:{' '.join(str(error).split())}",
            "a policy pack is wrong",
            (f"改正 {source.folder.policies} 中的该行", "correct that line, then restart"),
        )
    try:
        areas = Areas.open(source.folder.areas)
        count = areas.count()
        areas.close()
        yield fine("areas", f"区划 {count} 个", f"{count} areas are loaded")
    except (AreasError, OSError) as error:
        yield problem(
            "areas",
            f"区划表有误:{error}",
            "the area tree cannot be read",
            ("bulwark areas load 文件.csv", "load it again, or take areas.db from a backup"),
        )


def _is_older(source: Source, now: datetime, age: timedelta) -> bool:
    """Whether this instance is older than `age`, by the first check for a due backup."""
    try:
        first = datetime.fromisoformat((source.backups / FIRST_CHECK).read_text())
    except (OSError, ValueError):
        return (source.folder.keys / "tokens.key").exists() and now.timestamp() - (
            source.folder.keys / "tokens.key"
        ).stat().st_mtime > age.total_seconds()
    return now - first > age
