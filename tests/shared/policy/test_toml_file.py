"""Where a key stands in a TOML text, and what a file says that is no pack at all."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.policy.toml_file import PolicyError, PolicyFile, key_lines

NAMES = st.text("abcdefgh", min_size=1, max_size=4)
VALUES = st.sampled_from(
    ["1", '"x # = [y]"', "[\n 1, # one\n 2,\n]", '"""\n[z]\nk = 1\n"""', "1.5"]
)


def test_line_is_the_tables_own_when_a_key_stands_in_a_table() -> None:
    text = "\n# a comment\ntop = 1\n\n[fruit]  # sweet\ncolour = 'red'\n[fruit.apple]\nsize = 3\n"
    assert key_lines(text) == {
        ("top",): 3,
        ("fruit",): 5,
        ("fruit", "colour"): 6,
        ("fruit", "apple"): 7,
        ("fruit", "apple", "size"): 8,
    }


def test_line_is_found_when_keys_are_dotted_quoted_or_inline() -> None:
    text = 'a.b.c = 1\n"d.e" = 2\nf = { g = 1, h = { i = 2 } }\n[x."y z"]\n32 = 3\n'
    lines = key_lines(text)
    assert lines["a", "b", "c"] == 1
    assert lines["d.e",] == 2
    assert lines["f", "h", "i"] == 3
    assert lines["x", "y z"] == 4
    assert lines["x", "y z", "32"] == 5


def test_first_table_counts_when_tables_stand_in_an_array() -> None:
    lines = key_lines("[[a]]\nb = 1\n[[a]]\nb = 2\nc = 3\n")
    assert (lines["a", "b"], lines["a", "c"]) == (2, 5)


@given(st.lists(st.tuples(NAMES, st.dictionaries(NAMES, VALUES)), unique_by=lambda one: one[0]))
def test_every_key_has_its_line_when_values_span_lines(
    tables: list[tuple[str, dict[str, str]]],
) -> None:
    lines: list[str] = []
    expected: dict[tuple[str, ...], int] = {}
    for table, values in tables:
        lines += ["", f"[{table}]"]
        expected[table,] = len(lines)
        for key, value in values.items():
            expected[table, key] = len(lines) + 1
            lines += f"{key} = {value}".split("\n")
    text = "\n".join(lines)
    assert set(tomllib.loads(text)) == {table for table, _ in tables}
    assert key_lines(text) == expected


def test_line_is_the_nearest_tables_when_a_key_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text("\n[a]\nb = 1\n")
    file = PolicyFile(path)
    assert file.line_of(("a", "c", "d")) == 2
    assert file.line_of(("a", "b", 3)) == 3
    assert file.line_of(("z",)) == 1


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"a = 1\nb = \n", ":2: 不是有效的 TOML：Invalid value / not valid TOML: Invalid value"),
        (b"a = 1\na = 2\n", ":2: 不是有效的 TOML"),
        (b"a = 1\n\nb = [1,\n2\n", ":4: 不是有效的 TOML"),
        ("a = 1\nb = '发热'\n".encode("gbk"), ":2: 不是 UTF-8 编码"),
    ],
)
def test_line_is_told_when_a_file_is_not_toml(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "broken.toml"
    path.write_bytes(content)
    with pytest.raises(PolicyError) as raised:
        PolicyFile(path)
    assert str(raised.value).startswith(f"{path}{told}")


def test_reason_is_told_when_a_file_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(
        PolicyError, match=r"none\.toml:1: 文件无法读取：.* cannot be read: No such"
    ):
        PolicyFile(tmp_path / "none.toml")


def test_lines_are_right_when_a_file_was_saved_by_notepad(tmp_path: Path) -> None:
    path = tmp_path / "windows.toml"
    path.write_bytes("\ufeff[a]\r\n# 注\r\nb = 1\r\n".encode())
    assert PolicyFile(path).line_of(("a", "b")) == 3
