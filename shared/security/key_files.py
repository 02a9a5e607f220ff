"""Keys in files: random bytes that belong to one instance and are readable by its owner alone.

A key file holds the key as it is: every byte counts, also a newline at its end.
"""

import contextlib
import os
import secrets
import stat
import tempfile
from pathlib import Path

from shared.exceptions import OperatorError

KEY_BYTES = 32
FOLDER_MODE = 0o700
OTHERS = stat.S_IRWXG | stat.S_IRWXO


class KeyFileError(OperatorError):
    """A key file that cannot be read, made or used; the message names the file and says why."""


def load_or_create_key(path: Path | str) -> bytes:
    """The key in a file, at least 32 bytes; made at random, mode 600, when there is no such file.

    When two processes make it at once, both get the same key. A file that others may read is
    used, with a warning: a container's secrets are mounted so. Raises KeyFileError.
    """
    file = Path(path)
    try:
        if not file.exists():
            make_private_file(file, secrets.token_bytes(KEY_BYTES))
        key = file.read_bytes()
        mode = file.stat().st_mode
    except OSError as error:
        raise KeyFileError(f"{file}: {error.strerror or error}") from error
    if len(key) < KEY_BYTES:
        raise KeyFileError(f"{file}: holds {len(key)} bytes, a key needs at least {KEY_BYTES}")
    if os.name == "posix" and mode & OTHERS:
        # Imported here: hardly ever is there anything to say.
        from shared.logs import get_logger

        log = get_logger(__name__)
        log.warning("key_file_readable_by_others", file=str(file), mode=f"{mode & 0o777:o}")
    return key


def make_private_file(file: Path, content: bytes = b"") -> None:
    """A file, mode 600, and its folder, on disk when this returns; one that exists stays as it is.

    It is written beside and linked into place: nobody reads half of it, two who make it at once
    end with one, and an open database's locks are not lost by a file closed behind its back.
    Raises OSError.
    """
    file.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        # A link, unlike a rename, never replaces what another process made first.
        with contextlib.suppress(FileExistsError):
            file.hardlink_to(draft)
    finally:
        draft.unlink()
    _sync_folder(file.parent)


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
