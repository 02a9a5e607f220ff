"""Files that are written whole: what a crash in between leaves, and who may read them."""

import os
import stat
from pathlib import Path

import pytest

from shared.files import draft_of, put_in_place, write_whole


def mode_of(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def test_file_is_private_when_it_is_written_whole(tmp_path: Path) -> None:
    file = tmp_path / "token"
    write_whole(file, b"one")
    write_whole(file, b"two")
    assert file.read_bytes() == b"two"
    assert mode_of(file) == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_draft_of_a_crash_is_replaced_when_it_was_readable_by_others(tmp_path: Path) -> None:
    file = tmp_path / "token"
    draft_of(file).write_bytes(b"the longer half of something")
    draft_of(file).chmod(0o644)
    write_whole(file, b"whole")
    assert file.read_bytes() == b"whole"
    assert mode_of(file) == 0o600


def test_old_file_stays_when_the_new_one_cannot_reach_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    write_whole(file, b"old")

    def fail(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        write_whole(file, b"new")
    assert file.read_bytes() == b"old"


def test_folder_is_synced_after_the_name_when_a_file_is_put_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, seen = tmp_path / "areas.db", []
    draft_of(file).write_bytes(b"tree")

    def note(handle: int) -> None:
        seen.append((stat.S_ISDIR(os.fstat(handle).st_mode), file.exists()))

    monkeypatch.setattr(os, "fsync", note)
    put_in_place(draft_of(file), file)
    assert seen == [(False, False), (True, True)]


def test_mode_stays_when_none_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "areas.db"
    draft_of(file).write_bytes(b"tree")
    draft_of(file).chmod(0o640)
    put_in_place(draft_of(file), file, mode=None)
    assert mode_of(file) == 0o640
