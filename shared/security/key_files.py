"""Keys in files: random bytes that belong to one instance and are readable by its owner alone.

A key file holds the key itself: every byte counts, even a newline at its end.
"""

import contextlib
import os
import secrets
import stat
import tempfile
from pathlib import Path

from shared.exceptions import OperatorError
from shared.files import sync_file, sync_folder

KEY_BYTES = 32
FOLDER_MODE = 0o700
OTHERS = stat.S_IRWXG | stat.S_IRWXO


class KeyFileError(OperatorError):
    """A key file cannot be read, created or used; the message names the file and says why."""


def load_or_create_key(path: Path | str) -> bytes:
    """The key in a file, at least 32 bytes; a random one, mode 600, is created when it is absent.

    When two processes create it at once, both get the same key. A file that others may read is
    used with a warning, as a container's secrets are mounted like that. Raises KeyFileError.
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
    """Create a file, mode 600, and its folder, both synced to disk; an existing one is untouched.

    A temporary file is written and linked into place, so that nobody reads half of it and two
    processes that create it at once end with one. The file itself is never opened: closing it
    would release the locks of a database that this process has open in it. Raises OSError.
    """
    file.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        sync_file(draft)
        # A link, unlike a rename, never replaces what another process made first.
        with contextlib.suppress(FileExistsError):
            file.hardlink_to(draft)
    finally:
        draft.unlink()
    sync_folder(file.parent)
