"""Audit log entries for what is done at the command line, outside the services."""

import contextlib
import getpass
import os
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import make_url

from bulwark.data_folder import Folder
from bulwark.settings import Settings
from services.rollup.main import SERVICE
from shared.clock.clock import RealClock
from shared.database.engine import Database
from shared.runtime.migrations import migrate
from shared.security.audit import record
from shared.writer.idempotency import OneTimeWork
from shared.writer.transaction import Transaction
from shared.writer.writer import Writer


@dataclass(slots=True)
class AuditEntry(OneTimeWork):
    """An entry in the audit log of rollup, which knows of other systems."""

    action: str
    subject: str
    reason: str
    size: int = 1

    def run(self, tx: Transaction, *, isolate: bool) -> None:  # noqa: ARG002 - see Work
        """Enter it."""
        if tx.idempotency.is_first(self.work_id):
            record(tx, self.action, self.subject, self.reason)


def record_command(data: Path, action: str, subject: str, reason: str) -> None:
    """Record what a user did at the command line; raises what its database raises."""
    folder = Folder(data.resolve()).require()
    settings = Settings(data=data)
    url = settings.database_url(SERVICE.name)
    make_for_the_owner(url)
    database = Database(url)
    site = folder.site(settings.site, RealClock())
    try:
        migrate(SERVICE, database)
        work = AuditEntry(action, subject, "; ".join(part for part in (reason, _who()) if part))
        outcome = Writer(SERVICE, site, database).apply([work]).outcomes[0]
    finally:
        site.areas.close()
        site.vault.close()
        database.close()
    if isinstance(outcome, BaseException):
        raise outcome


def make_for_the_owner(url: str) -> None:
    """Create a missing SQLite file for the folder's owner, so that `sudo` does not make it root's.

    The services run as the folder's owner; SQLite gives its journals to the file's owner.
    """
    name = make_url(url).database if url.startswith("sqlite") else None
    if os.geteuid() != 0 or name is None:
        return
    file = Path(name)
    with contextlib.suppress(FileExistsError):
        file.touch(0o644, exist_ok=False)
        owner = file.parent.stat()
        os.chown(file, owner.st_uid, owner.st_gid)


def _who() -> str:
    """The operating system's user, and with `sudo` the user who called it."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    caller = os.environ.get("SUDO_USER")
    return f"os user {user}, sudo by {caller}" if caller else f"os user {user}"
