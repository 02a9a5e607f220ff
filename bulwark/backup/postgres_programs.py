"""pg_dump and pg_restore: from the PATH, not older than the server, no secrets in arguments."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from sqlalchemy import Connection, make_url, text

from bulwark.backup.manifest import BackupError


def server_major(connection: Connection) -> int:
    """The major version of the server behind a connection."""
    found: str = connection.execute(text("SHOW server_version_num")).scalar_one()
    return int(found) // 10_000


def program(name: str, server: int) -> str:
    """The path of a PostgreSQL program; raises BackupError when it is missing or too old."""
    path = shutil.which(name)
    if path is None:
        raise BackupError(
            f"找不到 {name},请安装 postgresql-client-{server} / "
            f"{name} is not on the path: install postgresql-client-{server}"
        )
    done = subprocess.run(  # noqa: S603 - a program of the machine's own path
        [path, "--version"], capture_output=True, text=True, check=False
    )
    version = re.search(r"(\d+)(\.\d+|devel|beta\d+|rc\d+)", done.stdout)
    if version is None or int(version[1]) < server:
        raise BackupError(
            f"{path} 版本过旧({done.stdout.strip() or '?'}),服务器为 {server},请安装 "
            f"postgresql-client-{server} / {path} is older than the server, which is {server}: "
            f"install postgresql-client-{server}"
        )
    return path


def run(path: str, url: str, *words: str) -> None:
    """Run a program on a database; raises BackupError with its first line of errors."""
    parsed = make_url(url)
    # In the environment, not in the arguments, which every user of the machine can read.
    secret = {"PGPASSWORD": str(parsed.password)} if parsed.password else {}
    bare = parsed.set(drivername="postgresql", password=None)
    done = subprocess.run(  # noqa: S603 - found by `program`
        [path, f"--dbname={bare.render_as_string(hide_password=False)}", *words],
        env={**os.environ, **secret},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"exit {done.returncode}"]
        raise BackupError(f"{Path(path).name}: {lines[0]}")


def read_through(path: str, file: Path) -> None:
    """Read a whole dump without a server; raises BackupError when it cannot be read."""
    done = subprocess.run(  # noqa: S603 - found by `program`
        [path, f"--file={os.devnull}", str(file)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BackupError(f"{file}: {(done.stderr.strip().splitlines() or ['?'])[0]}")
