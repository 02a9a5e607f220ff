"""`bulwark prepare`: the data folder that the services of a site share."""

from pathlib import Path

import pytest

from bulwark.data_folder import Folder
from shared.areas.csv_file import AreasError
from shared.areas.tree import Areas
from tests.support.command import bulwark

COUNTY = """code,name
99,虚构省
9901,虚构市
990101,虚构县
990101001,虚构街道
990101001001,虚构社区
"""


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


def codes(folder: Folder) -> list[str]:
    """The first codes of a folder's tree, of the two counties that these tests know."""
    areas = Areas.open(folder.areas)
    found = [code for code in ("220581", "990101", "990101001001") if areas.exists(code)]
    areas.close()
    return found


def test_tree_holds_the_named_county_alone_when_the_folder_is_made(tmp_path: Path) -> None:
    (tmp_path / "county.csv").write_text(COUNTY)
    folder = Folder(tmp_path / "data")
    folder.prepare(areas=tmp_path / "county.csv")
    assert codes(folder) == ["990101", "990101001001"]


def test_tree_stays_and_it_is_said_when_a_county_is_named_too_late(tmp_path: Path) -> None:
    file = tmp_path / "county.csv"
    file.write_text(COUNTY)
    folder = Folder(tmp_path / "data")
    folder.prepare()
    late = bulwark("prepare", "--data", str(folder.path), "--areas", str(file))
    assert late.returncode == 0, late.stderr
    assert f"not loaded: {file}" in late.stdout
    assert codes(folder) == ["220581"]


def test_tree_can_still_be_made_when_the_first_file_was_wrong(tmp_path: Path) -> None:
    file = tmp_path / "county.csv"
    folder = Folder(tmp_path / "data")
    with pytest.raises(AreasError):
        folder.prepare(areas=file)
    file.write_text(COUNTY)
    folder.prepare(areas=file)
    assert "990101" in codes(folder)
