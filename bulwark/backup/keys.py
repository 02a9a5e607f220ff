"""The keys, copied separately from the data: only the latest copy, so that erasure stays final.

They are the token key, the vault's master key, and the file of wrapped keys, in which a destroyed
key leaves an empty row. A folder of keys is a copy made here, or an instance's own.
"""

import hashlib
import json
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from bulwark.backup.copies import copy_sqlite, open_file
from bulwark.backup.disk import copy_file, digest, make_folder
from bulwark.backup.manifest import BackupError
from shared.files import write_whole

TOKENS, MASTER, STORE = "tokens.key", "master.key", "people.db"
# What `Folder.subscribers` is called.
ACCOUNTS = "subscribers.conf"
NEEDED = (TOKENS, MASTER, STORE)
LIST = "keys.json"
ASIDE = ".before-restore"
JOURNALS = ("-wal", "-shm", "-journal")


def identity(keys: Path) -> str:
    """A value that distinguishes these keys from another instance's without revealing them.

    Raises BackupError when one is missing.
    """
    for name in NEEDED:
        if not (keys / name).is_file():
            raise BackupError(f"{keys / name}: 缺失 / is missing")
    try:
        with closing(open_file(keys / STORE)) as store:
            check = store.execute("SELECT value FROM vault WHERE name = 'check'").fetchone()
    except (sqlite3.Error, OSError) as error:
        raise BackupError(f"{keys / STORE}: 无法读取 / cannot be read: {error}") from error
    if check is None:
        raise BackupError(f"{keys / STORE}: 不是密钥库 / is not a file of keys")
    known = hashlib.blake2b(digest_size=16, person=b"backup")
    known.update(bytes(check[0]))
    known.update(hashlib.sha256((keys / TOKENS).read_bytes()).digest())
    return known.hexdigest()


def copy_keys(keys: Path, target: Path, now: datetime, accounts: Path | None = None) -> str:
    """Copy an instance's keys over the previous copy, the list last; returns their identity.

    `accounts` is a separate broker's file of subscribers' accounts, with password hashes: in the
    copy it has the place that an embedded broker's file has among the keys.

    Raises BackupError, also rather than overwrite another instance's keys.
    """
    found = identity(keys)
    if target.resolve() == keys.resolve():
        raise BackupError(f"--keys {target}: 就是实例自己的密钥文件夹 / is the instance's own")
    if (target / STORE).exists() and identity(target) != found:
        raise BackupError(
            f"--keys {target}: 存有另一实例的密钥 / holds the keys of another instance"
        )
    _copy_all(keys, target)
    names = set(names_of(keys))
    if accounts is not None and accounts.exists():
        copy_file(accounts, target / ACCOUNTS)
        names.add(ACCOUNTS)
    files = {name: digest(target / name) for name in sorted(names)}
    listed = {"copied_at": now.isoformat(), "identity": found, "files": files}
    write_whole(target / LIST, json.dumps(listed, indent=1).encode() + b"\n")
    return found


def restore_keys(copy: Path, keys: Path, wanted: str | None) -> None:
    """Restore keys to an instance that has none or these; raises BackupError."""
    if wanted is not None and identity(copy) != wanted:
        raise BackupError(f"--keys {copy}: 不是这份备份的密钥 / are not the keys of this backup")
    refuse_others(copy, keys)
    if (keys / STORE).exists():
        if identity(keys) == identity(copy):
            # The instance's own keys are the latest.
            return
        for name in names_of(keys):
            (keys / name).replace(keys / f"{name}{ASIDE}")
            for journal in JOURNALS:
                (keys / f"{name}{journal}").unlink(missing_ok=True)
    _copy_all(copy, keys)


def refuse_others(copy: Path, keys: Path) -> None:
    """Raise BackupError when an instance has other keys that have sealed something.

    New keys that were never used may be moved away.
    """
    if (keys / STORE).exists() and identity(keys) != identity(copy):
        with closing(open_file(keys / STORE)) as store:
            used = store.execute("SELECT count(*) FROM subject_keys").fetchone()[0]
        if used:
            raise BackupError(f"{keys}: 已有别的密钥 / holds other keys already")


def copied_at(target: Path) -> datetime | None:
    """When a folder's copy of the keys was made; None when it holds no copy."""
    try:
        return datetime.fromisoformat(json.loads((target / LIST).read_bytes())["copied_at"])
    except (OSError, ValueError, KeyError):
        return None


def names_of(keys: Path) -> list[str]:
    """The names of the key files in a folder of keys."""
    return sorted(
        file.name
        for file in keys.iterdir()
        if file.is_file()
        and not file.name.startswith(".")
        and not file.name.endswith(JOURNALS)
        and not file.name.endswith(ASIDE)
        and file.name != LIST
    )


def _copy_all(keys: Path, target: Path) -> None:
    make_folder(target)
    for name in names_of(keys):
        try:
            if name.endswith(".db"):
                copy_sqlite(keys / name, target / name)
            else:
                copy_file(keys / name, target / name)
        except (sqlite3.Error, OSError) as error:
            raise BackupError(f"{keys / name} → {target}: {error}") from error
