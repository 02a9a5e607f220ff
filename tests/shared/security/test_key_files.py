"""Key files: made once, private, and refused with a reason."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from shared.security.key_files import KeyFileError, load_or_create_key


def test_key_is_made_private_when_the_instance_is_new(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "token.key"
    key = load_or_create_key(file)
    assert len(key) == 32
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert [entry.name for entry in file.parent.iterdir()] == ["token.key"]


def test_key_stays_the_same_when_loaded_again(tmp_path: Path) -> None:
    file = tmp_path / "token.key"
    assert load_or_create_key(file) == load_or_create_key(str(file)) == file.read_bytes()


def test_keys_of_two_instances_differ_when_made(tmp_path: Path) -> None:
    assert load_or_create_key(tmp_path / "a") != load_or_create_key(tmp_path / "b")


def test_everyone_gets_one_key_when_many_make_it_at_once(tmp_path: Path) -> None:
    for attempt in range(20):
        file = tmp_path / f"{attempt}.key"
        with ThreadPoolExecutor(8) as pool:
            assert len(set(pool.map(load_or_create_key, [file] * 8))) == 1


@pytest.mark.parametrize("size", [0, 1, 31])
def test_key_file_is_refused_and_kept_when_too_short(tmp_path: Path, size: int) -> None:
    file = tmp_path / "token.key"
    file.write_bytes(b"k" * size)
    with pytest.raises(KeyFileError, match=rf"token\.key: holds {size} bytes, .* at least 32"):
        load_or_create_key(file)
    assert file.read_bytes() == b"k" * size


def test_longer_key_is_taken_byte_for_byte_when_it_ends_in_a_newline(tmp_path: Path) -> None:
    file = tmp_path / "token.key"
    file.write_bytes(b"k" * 40 + b"\n")
    assert load_or_create_key(file) == b"k" * 40 + b"\n"


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o400, False), (0o644, True)])
def test_warning_is_logged_when_others_may_read_the_key(
    tmp_path: Path, mode: int, warned: bool
) -> None:
    file = tmp_path / "token.key"
    file.write_bytes(b"k" * 32)
    file.chmod(mode)
    with capture_logs() as logs:
        assert load_or_create_key(file) == b"k" * 32
    expected = [("warning", str(file), "644")] if warned else []
    assert [(log["log_level"], log["file"], log["mode"]) for log in logs] == expected


def test_reason_names_the_file_when_it_cannot_be_read_or_made(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match=str(tmp_path)):
        load_or_create_key(tmp_path)
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(KeyFileError, match=r"token\.key"):
        load_or_create_key(tmp_path / "file" / "token.key")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    with pytest.raises(KeyFileError, match="dangling"):
        load_or_create_key(tmp_path / "dangling")
