"""Copies of a service's database, made while it runs, and put back while it is stopped."""

from pathlib import Path

from bulwark.backup.copies import copy_database, restore_database
from bulwark.backup.manifest import DatabaseCopy
from tests.faults.site import Site

_made: dict[Path, DatabaseCopy] = {}


def copy(site: Site, service: str, folder: Path) -> None:
    """Copy a service's database into a folder, as of one moment."""
    folder.mkdir(exist_ok=True)
    _made[folder / service] = copy_database(service, site.urls[service], folder)


def put_back(site: Site, service: str, folder: Path) -> None:
    """Make a stopped service's database what it was when it was copied."""
    site.clear(service)
    restore_database(service, _made[folder / service], folder, site.urls[service])
