"""Files that are on disk when a call returns: written whole or not at all, readable by us alone."""

import hashlib
import os
import shutil
from pathlib import Path

FILE_MODE = 0o600
FOLDER_MODE = 0o700


def make_folder(folder: Path) -> None:
    """A folder for us alone, with those above it."""
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)


def sync_file(file: Path) -> None:
    """Wait until a file's content is on disk."""
    handle = os.open(file, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on disk."""
    if os.name == "posix":
        sync_file(folder)


def write_whole(file: Path, content: bytes) -> None:
    """Write a file so that a reader finds the old one or the new one, whatever happens."""
    draft = file.with_name(f".{file.name}.new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
    put_in_place(draft, file)


def put_in_place(draft: Path, file: Path) -> None:
    """Let a file that is written take its name, once its content is on disk."""
    draft.chmod(FILE_MODE)
    sync_file(draft)
    draft.replace(file)
    sync_folder(file.parent)


def copy_file(source: Path, target: Path) -> None:
    """A copy of a file, on disk; its folder is made."""
    make_folder(target.parent)
    draft = target.with_name(f".{target.name}.new")
    shutil.copyfile(source, draft)
    put_in_place(draft, target)


def digest(file: Path) -> str:
    """The SHA-256 of a file's content, in hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def size_of(folder: Path) -> int:
    """The bytes of all files of a folder and beneath it."""
    sizes = 0
    for file in folder.rglob("*"):
        try:
            sizes += file.stat().st_size if file.is_file() else 0
        except FileNotFoundError:
            # Databases in use make files and take them away.
            continue
    return sizes


def megabytes(count: int) -> str:
    """A number of bytes for people."""
    return f"{count / 1e6:.1f} MB"
