"""Disks of a test's own: one in memory that can be full and grow, one whose power can be cut."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.faults.site import Site
from tests.support.harness import eventually

MIB = 1024 * 1024
REFUSED, STORED = 503, 201
# A 503 of a full disk takes up to 20 s, and what comes before it may be accepted.
FULL_SECONDS = 90.0


class SmallDisk:
    """A tmpfs of a few MB."""

    def __init__(self, path: Path, megabytes: int) -> None:
        self.path = path
        self._megabytes = megabytes

    @property
    def free(self) -> int:
        """Bytes that are left."""
        return shutil.disk_usage(self.path).free

    def fill(self, leave: int) -> None:
        """Take all room but some bytes; whoever else writes may be quicker."""
        with (self.path / "ballast").open("ab", buffering=0) as file, suppress(OSError):
            while (more := self.free - leave) > 0:
                file.write(bytes(min(more, MIB)))

    def empty(self) -> None:
        """Take everything off it; nobody uses it."""
        for found in self.path.iterdir():
            shutil.rmtree(found) if found.is_dir() else found.unlink()

    def enlarge(self, more: int) -> None:
        """Give it so many megabytes more while it is in use."""
        self._megabytes += more
        run("mount", "-o", f"remount,size={self._megabytes}m", str(self.path))


@contextmanager
def small_disk(path: Path, megabytes: int) -> Iterator[SmallDisk]:
    """A tmpfs on a new folder; the test is skipped where none may be mounted."""
    path.mkdir(parents=True)
    mount = ("mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(path))
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs root")
    try:
        yield SmallDisk(path, megabytes)
    finally:
        run("umount", "--lazy", str(path))


def try_until_refused(site: Site, disk: SmallDisk) -> set[int]:
    """Send records one by one until one is refused; how they were answered."""
    answers: set[int] = set()

    def refused() -> bool:
        answers.add(site.try_one().status_code)
        # A little room comes back whenever a write is given up: it is taken as well.
        disk.fill(0)
        return REFUSED in answers

    eventually(refused, seconds=FULL_SECONDS)
    return answers


class LoopDisk:
    """An ext4 in a file, of which a copy shows what a power cut would leave."""

    def __init__(self, image: Path, path: Path, megabytes: int) -> None:
        self.path = path
        self._image = image
        self._left = image.with_suffix(".left")
        path.mkdir(parents=True)
        with image.open("wb") as file:
            file.truncate(megabytes * MIB)
        run("mkfs.ext4", "-q", str(image))

    def mount(self) -> None:
        """Put it in its place."""
        run("mount", "-o", "loop", str(self._image), str(self.path))

    def unmount(self) -> None:
        """Take it out; nobody has a file of it open."""
        run("umount", str(self.path))

    def note_what_is_left(self) -> None:
        """Keep what stands on the disk at this moment: what was written and not synced does not.

        Whoever writes to it stands still meanwhile; when the kernel itself wrote during the copy,
        it was of no one moment and is made again.
        """
        before = -1
        while before != (before := self._sectors_written()):
            shutil.copyfile(self._image, self._left)

    def cut_power(self) -> None:
        """Go on with what was left then."""
        self.unmount()
        self._left.replace(self._image)
        self.mount()

    def _sectors_written(self) -> int:
        device = run("findmnt", "--noheadings", "--output", "SOURCE", str(self.path)).strip()
        return int(Path("/sys/block", Path(device).name, "stat").read_text().split()[6])


@contextmanager
def loop_disk(folder: Path, megabytes: int) -> Iterator[LoopDisk]:
    """An empty disk in a folder; the test is skipped where none may be mounted."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    disk = LoopDisk(folder / "image", folder / "mounted", megabytes)
    disk.mount()
    try:
        yield disk
    finally:
        disk.unmount()


def lay_on(site: Site, root: Path, *places: str) -> None:
    """Lay folders of a site that has not started, empty as they are, on a disk."""
    for place in places:
        on_disk = root / place
        on_disk.mkdir(parents=True)
        (site.folder.path / place).rmdir()
        (site.folder.path / place).symlink_to(on_disk)


def run(*command: str) -> str:
    """What a program of the system says; it must go well."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
