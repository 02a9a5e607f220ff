"""The data folder of an instance: its contents, and how it is made and emptied.

`run.json` describes the running instance; `token` holds the first `it` token; `keys/` the secrets;
`policies/` the county's packs; `areas.db` the area tree; `db/` a file per service; `nats/` the
broker's store.
"""

import fcntl
import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from shared.areas.loading import SHIPPED, load_areas
from shared.areas.tree import Areas
from shared.clock.clock import Clock
from shared.exceptions import OperatorError
from shared.files import write_whole
from shared.security.key_files import load_or_create_key
from shared.security.tokens import Tokens

if TYPE_CHECKING:
    from shared.site import Site

MARK = ".bulwark"
# Exists while a restore is unfinished: the folder is not an instance yet.
RESTORING = ".restoring"
# What we put into a folder: nothing else is ever removed, and no other file may be there before.
OURS = (
    *("keys", "policies", "db", "nats", "areas.db*", "token", "run.json", ".run.json.new"),
    *(RESTORING, MARK),
)
# New keys could not open what the databases hold.
KEYS = TOKENS, MASTER, STORE = "tokens.key", "master.key", "people.db"
# Backups are never removed with the rest.
TOLERATED = ("lost+found", "backups")
SHIPPED_POLICIES = Path(__file__).parent.parent / "policies"


class FolderError(OperatorError):
    """The data folder cannot be used; the message says why, in one line."""


@dataclass(frozen=True, slots=True)
class Folder:
    """An instance's folder."""

    path: Path

    @property
    def keys(self) -> Path:
        """Where the secrets are."""
        return self.path / "keys"

    @property
    def policies(self) -> Path:
        """Where the county's packs are."""
        return self.path / "policies"

    @property
    def areas(self) -> Path:
        """The area tree's file."""
        return self.path / "areas.db"

    @property
    def nats(self) -> Path:
        """The broker's store."""
        return self.path / "nats"

    @property
    def subscribers(self) -> Path:
        """The subscribers' accounts, which the broker includes; their passwords are hashed."""
        return self.keys / "subscribers.conf"

    @property
    def token(self) -> Path:
        """The first token, for county IT."""
        return self.path / "token"

    def prepare(self, *, fresh: bool = False, areas: Path | None = None) -> None:
        """Make the folder and what an instance needs; `fresh` empties one that we made before.

        A missing area tree is made from the CSV `areas` alone: with the shipped county beside it,
        reports of both counties would be expected. Raises FolderError when the
        folder cannot be written or holds what is not ours, AreasError when the CSV cannot be used.
        """
        try:
            self.refuse_foreign()
            if fresh and self.path.exists():
                self._empty()
            self._refuse_unfinished()
            for part in (self.path, self.keys, self.policies, self.nats, self.path / "db"):
                part.mkdir(parents=True, exist_ok=True)
            self.keys.chmod(0o700)
            (self.path / MARK).touch()
            if not any(self.policies.glob("*.toml")):
                for pack in SHIPPED_POLICIES.glob("*.toml"):
                    shutil.copy(pack, self.policies)
            if not self.areas.exists():
                load_areas(areas or SHIPPED, self.areas)
        except OSError as error:
            where = error.filename or self.path
            raise FolderError(
                f"无法写入 {where}: {error.strerror} / cannot write to {where}"
            ) from error

    def hold(self) -> IO[bytes]:
        """Lock the folder while a process uses it; close the returned file to unlock it.

        Raises FolderError when another process has locked it.
        """
        mark = (self.path / MARK).open("wb")
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            mark.close()
            run = self.running() or {"pid": "?"}
            raise FolderError(
                f"{self.path} 正在由进程 {run['pid']} 使用 / is in use by process {run['pid']}"
            ) from error
        return mark

    def require(self) -> "Folder":
        """This folder, if it holds an instance; raises FolderError."""
        if not (self.path / MARK).exists():
            raise FolderError(
                f"{self.path} 中没有实例,请检查 --data(新的由 bulwark prepare 建立)/ holds no "
                "instance: check --data (bulwark prepare makes a new one)"
            )
        return self

    def require_keys(self) -> "Folder":
        """This folder, if it holds keys, which databases in use need; raises FolderError."""
        self._refuse_unfinished()
        for key in KEYS:
            # Only whether it exists: an empty or foreign one is rejected where it is read.
            if not (self.keys / key).exists():
                raise FolderError(
                    f"{self.keys / key} 缺失,而数据库已在使用:请用 --data 指明原来的数据文件夹,"
                    "或放回其密钥 / is missing, and the databases are in use: set --data to the "
                    "folder they were used with, or restore its keys"
                )
        return self

    def refuse_foreign(self) -> None:
        """Raise FolderError when the folder holds files that are not ours."""
        if not self.path.exists() or (self.path / MARK).exists():
            return
        ours = {entry for pattern in (*OURS, *TOLERATED) for entry in self.path.glob(pattern)}
        foreign = sorted(set(self.path.iterdir()) - ours)
        if foreign:
            raise FolderError(
                f"{self.path} 中有别的文件 {foreign[0].name},请另选空文件夹 / "
                "holds files that are not ours: choose an empty folder"
            )

    def _refuse_unfinished(self) -> None:
        if (self.path / RESTORING).exists():
            raise FolderError(
                f"{self.path} 中的恢复没有完成,请再次运行 bulwark restore / "
                "a restore is unfinished here: run bulwark restore again"
            )

    def _empty(self) -> None:
        run = self.running()
        if run is not None:
            raise FolderError(
                f"{self.path} 正在由进程 {run['pid']} 使用 / is in use by process {run['pid']}"
            )
        # The mark is removed last, so that an interrupted removal can be repeated.
        for entry in (entry for pattern in OURS for entry in sorted(self.path.glob(pattern))):
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()

    def site(self, name: str, clock: Clock, *, drill: bool = False) -> "Site":
        """This instance's ports; raises PolicyError, AreasError, KeyFileError or VaultError."""
        # What a service stands on takes longer to load than most commands take altogether.
        from shared.policy.pack import Packs
        from shared.security.vault import Vault
        from shared.site import Site

        key = load_or_create_key(self.keys / TOKENS)
        return Site(
            name=name,
            clock=clock,
            areas=Areas.open(self.areas),
            packs=Packs.load(self.policies),
            tokens=Tokens(key, clock),
            vault=Vault(self.keys / STORE, self.keys / MASTER),
            secret=hashlib.blake2b(key, digest_size=32, person=b"fingerprints").digest(),
            drill=drill,
        )

    def running(self) -> dict[str, Any] | None:
        """The contents of `run.json` while its process runs, else None."""
        try:
            run: dict[str, Any] = json.loads((self.path / "run.json").read_text())
            os.kill(int(run["pid"]), 0)
        except (OSError, ValueError, KeyError):
            return None
        return run

    def write_run_file(self, **facts: Any) -> None:
        """Write `run.json` atomically and readable only by us: it holds a password."""
        write_whole(self.path / "run.json", f"{json.dumps(facts, indent=1)}\n".encode())

    def remove_run_file(self) -> None:
        """Remove `run.json`."""
        (self.path / "run.json").unlink(missing_ok=True)
