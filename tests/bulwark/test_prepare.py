"""`bulwark prepare`: the data folder that the services of a site share."""

from pathlib import Path

from tests.bulwark.command import bulwark


def test_folder_is_whole_when_it_was_prepared_and_stays_when_prepared_again(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    first = bulwark("prepare", "--data", str(data))
    assert first.returncode == 0, first.stderr
    made = {
        file.relative_to(data): file.read_bytes()
        for file in data.rglob("*")
        if file.is_file() and file.suffix in (".key", ".toml", ".db")
    }
    assert {str(file) for file in made} >= {"areas.db", "keys/tokens.key", "keys/master.key"}
    assert bulwark("prepare", "--data", str(data)).returncode == 0
    assert all((data / file).read_bytes() == content for file, content in made.items())
    token = bulwark("token", "--data", str(data), "--role", "it", "--area", "220581")
    assert token.returncode == 0, token.stderr


def test_one_line_says_why_when_the_folder_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("not ours")
    refused = bulwark("prepare", "--data", str(tmp_path))
    assert refused.returncode == 1
    assert refused.stderr.startswith("bulwark: ")
    assert refused.stderr.count("\n") == 1
    assert "letters.txt" in refused.stderr
