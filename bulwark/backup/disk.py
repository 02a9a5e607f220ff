"""Folders, copies and digests of files, readable by us alone."""

import hashlib
import shutil
from pathlib import Path

from shared.files import draft_of, put_in_place

FOLDER_MODE = 0o700


def make_folder(folder: Path) -> None:
    """Create a folder that only we can read, with its parents."""
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)


def copy_file(source: Path, target: Path) -> None:
    """Copy a file, synced to disk; its folder is created."""
    make_folder(target.parent)
    draft = draft_of(target)
    shutil.copyfile(source, draft)
    put_in_place(draft, target)


def digest(file: Path) -> str:
    """The SHA-256 of a file's content, in hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def megabytes(count: int) -> str:
    """A number of bytes for people."""
    return f"{count / 1e6:.1f} MB"
