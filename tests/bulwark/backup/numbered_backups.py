"""Backups of a site of the last release whose services each numbered all their migrations.

They were made by commit e1c1874, one on each kind of database, of a site with made-up people in it;
the area tree and the packs, which are those that ship, were left out.
"""

from pathlib import Path

from bulwark.backup.copies import is_sqlite, restore_database
from bulwark.backup.manifest import Kind, checked
from shared.database.engine import Database

FOLDER = Path(__file__).parent / "numbered"


def numbered_backup(kind: Kind) -> Path:
    """The backup that was made on a kind of database."""
    return FOLDER / kind


def numbered_database(service: str, url: str) -> Database:
    """A service's database as that release left it, in an empty place."""
    folder = numbered_backup("sqlite" if is_sqlite(url) else "postgresql")
    restore_database(service, checked(folder).services[service], folder, url)
    return Database(url)
