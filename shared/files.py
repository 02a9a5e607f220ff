"""Files that are on disk when a call returns: a reader finds the old one or the new one, whole."""

import os
from pathlib import Path

PRIVATE_MODE = 0o600


def write_whole(file: Path, content: bytes) -> None:
    """Write a file, mode 600, beside its place and put it there."""
    put_in_place(write_draft(file, content), file)


def write_draft(file: Path, content: bytes) -> Path:
    """Write a file, mode 600, beside its place; `put_in_place` gives it its name."""
    draft = draft_of(file)
    # One that a crash left may have another mode.
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_MODE)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
    return draft


def draft_of(file: Path) -> Path:
    """Where a file is written before it takes its name."""
    return file.with_name(f".{file.name}.new")


def put_in_place(draft: Path, file: Path, mode: int | None = PRIVATE_MODE) -> None:
    """Let a file that is written take its name, once its content is on disk; without a mode it
    keeps the one that it has."""
    if mode is not None:
        draft.chmod(mode)
    sync_file(draft)
    draft.replace(file)
    sync_folder(file.parent)


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
