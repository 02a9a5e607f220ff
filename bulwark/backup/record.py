"""`backups/last.json`: when a backup was last finished, how it was rehearsed, what failed since.

Monitoring reads it; a failed attempt leaves the time of the last good one as it was.
"""

from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ValidationError

from bulwark.backup.disk import make_folder
from shared.files import write_whole
from shared.logs import get_logger

NAME = "last.json"
FIRST_LOOK = ".first-look"

log = get_logger(__name__)


class Rehearsal(BaseModel):
    """How the restore of a backup was rehearsed.

    `how` says of each service whether its copy was `loaded` into a database and looked through, or
    only `read` to its end, where no scratch database may be made.
    """

    at: datetime
    ok: bool
    how: dict[str, str] = {}
    error: str | None = None


class Record(BaseModel):
    """What is known of the last backup; times are RFC 3339.

    `finished_at` is absent until one was made.
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
        """Keep it in a folder of backups, whole or not at all."""
        make_folder(folder)
        write_whole(folder / NAME, self.model_dump_json(indent=1, exclude_none=True).encode())

    def failed(self, at: datetime, error: str) -> "Record":
        """The same, with an attempt that failed since."""
        return self.model_copy(update={"failed_at": at, "error": error})


def keep(record: Record, folder: Path) -> None:
    """Write a record; where that cannot be done (a volume that is read only) a backup stays one."""
    try:
        record.write(folder)
    except OSError as error:
        log.critical("backup.untold", folder=str(folder), error=str(error))


def first_look(folder: Path, now: datetime) -> datetime:
    """When somebody first looked whether a backup was due in a folder: now, when nobody did."""
    try:
        return datetime.fromisoformat((folder / FIRST_LOOK).read_text())
    except (FileNotFoundError, ValueError):
        make_folder(folder)
        write_whole(folder / FIRST_LOOK, now.isoformat().encode())
        return now


def read_record(folder: Path) -> Record:
    """What a folder of backups says; an empty record when it says nothing that can be read."""
    try:
        return Record.model_validate_json((folder / NAME).read_bytes())
    except (OSError, ValidationError):
        return Record()


def tell_failed(folders: Collection[Path], at: datetime, error: str) -> None:
    """Tell monitoring that a backup failed."""
    for folder in folders:
        keep(read_record(folder).failed(at, error), folder)
