"""`backups/last.json`: when the last backup finished, its rehearsal, and a failure since.

Monitoring reads it; a failed attempt does not change the time of the last good backup.
"""

from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ValidationError

from bulwark.backup.disk import make_folder
from shared.files import write_whole
from shared.logs import get_logger

NAME = "last.json"
FIRST_CHECK = ".first-look"

log = get_logger(__name__)


class Rehearsal(BaseModel):
    """How the restore of a backup was rehearsed.

    `how` says for each service whether its copy was `loaded` into a database and verified, or only
    `read` to its end because no scratch database could be made.
    """

    at: datetime
    ok: bool
    how: dict[str, str] = {}
    error: str | None = None


class Record(BaseModel):
    """The record of the last backup; times are RFC 3339.

    `finished_at` is absent until one has finished.
    """

    finished_at: datetime | None = None
    started_at: datetime | None = None
    path: str | None = None
    bytes: int = 0
    seconds: float = 0.0
    keys: bool = False
    keys_copied_at: datetime | None = None
    rehearsal: Rehearsal | None = None
    failed_at: datetime | None = None
    error: str | None = None

    def write(self, folder: Path) -> None:
        """Write it atomically into a folder of backups."""
        make_folder(folder)
        write_whole(folder / NAME, self.model_dump_json(indent=1, exclude_none=True).encode())

    def failed(self, at: datetime, error: str) -> "Record":
        """The same record, with an attempt that failed since."""
        return self.model_copy(update={"failed_at": at, "error": error})


def save(record: Record, folder: Path) -> None:
    """Write a record; a failure to do so (a read-only volume) does not fail the backup."""
    try:
        record.write(folder)
    except OSError as error:
        log.critical("backup.untold", folder=str(folder), error=str(error))


def first_check(folder: Path, now: datetime) -> datetime:
    """When it was first checked whether a backup was due in a folder; now, if this is the first."""
    try:
        return datetime.fromisoformat((folder / FIRST_CHECK).read_text())
    except (FileNotFoundError, ValueError):
        make_folder(folder)
        write_whole(folder / FIRST_CHECK, now.isoformat().encode())
        return now


def read_record(folder: Path) -> Record:
    """The record in a folder of backups; empty when there is none that can be read."""
    try:
        return Record.model_validate_json((folder / NAME).read_bytes())
    except (OSError, ValidationError):
        return Record()


def record_failure(folders: Collection[Path], at: datetime, error: str) -> None:
    """Record for monitoring that a backup failed."""
    for folder in folders:
        save(read_record(folder).failed(at, error), folder)
