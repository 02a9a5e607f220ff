"""The manifest of a backup: its contents and up to which sequences; written last.

A folder without a manifest is no backup: it was interrupted, or is something else.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from bulwark.backup.disk import digest
from shared.exceptions import OperatorError
from shared.files import write_whole
from shared.runtime.migrations import Revisions

NAME = "manifest.json"
Kind = Literal["sqlite", "postgresql"]


class BackupError(OperatorError):
    """A backup cannot be made, read or restored; the message says why, in one line."""


class DatabaseCopy(BaseModel):
    """One service's database in a backup: its version, the ends of its log, and its checkpoints.

    `core_revision` is empty in a backup from before the core tables had their own migrations;
    `server` is the major version of the PostgreSQL it was copied from, 0 for SQLite.
    """

    model_config = ConfigDict(frozen=True)

    file: str
    kind: Kind
    revision: str
    core_revision: str = ""
    head: int
    oldest: int
    places: dict[str, int]
    server: int = 0

    @property
    def revisions(self) -> Revisions:
        """Its version: the revisions of the service's own tables and of the core tables."""
        return Revisions(self.revision, self.core_revision)


class FileCopy(BaseModel):
    """One file of a backup."""

    model_config = ConfigDict(frozen=True)

    bytes: int
    sha256: str


class Manifest(BaseModel):
    """The contents of a backup.

    `settings` are those that a restored site needs again; `keys` identifies the keys it needs.
    """

    model_config = ConfigDict(frozen=True)

    format: Literal[1] = 1
    bulwark: str
    started_at: datetime
    finished_at: datetime
    services: dict[str, DatabaseCopy]
    files: dict[str, FileCopy]
    settings: dict[str, str]
    keys: str | None

    @property
    def bytes(self) -> int:
        """The size of all its files."""
        return sum(file.bytes for file in self.files.values())

    def write(self, folder: Path) -> None:
        """Write it, which completes the backup."""
        write_whole(folder / NAME, self.model_dump_json(indent=1).encode() + b"\n")

    def places_beyond(self) -> Iterator[str]:
        """Each checkpoint beyond the end of its source's log, as text; there must be none."""
        yield from places_beyond(self.services)


def places_beyond(services: Mapping[str, DatabaseCopy]) -> Iterator[str]:
    """Each checkpoint beyond the end of its source's log, as text."""
    for name, copy in services.items():
        for source, place in copy.places.items():
            if source in services and place > services[source].head:
                yield f"{name}: {source} {place} > {services[source].head}"


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a backup; raises BackupError when it is missing, invalid or newer."""
    file = folder / NAME
    try:
        return Manifest.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        raise BackupError(
            f"{folder} 不是完整的备份(没有 {NAME}) / is not a complete backup: it has no {NAME}"
        ) from None
    except OSError as error:
        raise BackupError(f"{file}: 无法读取 / cannot be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        raise BackupError(
            f"{file}: 清单有误 / the manifest is invalid: {where}: {first['msg']}"
        ) from error


def checked(folder: Path) -> Manifest:
    """The manifest of a backup after all its files were verified; raises BackupError."""
    manifest = read_manifest(folder)
    for name, copy in manifest.files.items():
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise BackupError(f"{folder / NAME}: {name}: 不在备份之内 / is outside the backup")
        file = folder / name
        if not file.is_file():
            raise BackupError(f"{file}: 缺失 / is missing")
        if file.stat().st_size != copy.bytes or digest(file) != copy.sha256:
            raise BackupError(
                f"{file}: 与清单不符,已损坏 / is damaged: it differs from the manifest"
            )
    for fault in manifest.places_beyond():
        raise BackupError(f"{folder}: 各库不属同一时刻 / databases of different moments: {fault}")
    return manifest
