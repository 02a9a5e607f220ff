"""Reads a CSV of area codes and names (区划代码表), with errors that name line and column.

It accepts UTF-8, with or without a byte order mark, and GB18030 as a Chinese Excel writes it. The
columns `code` and `name` may be anywhere in the header; others are ignored.
"""

import codecs
import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from shared.areas.tree import is_code
from shared.exceptions import OperatorError

MAX_NAME: Final = 100

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ufffd]")
_EXCEL_NUMBER: Final = re.compile(r"[0-9](\.[0-9]+)?E\+?[0-9]+", re.IGNORECASE)

_REASONS: Final = {
    "absent": ("没有这个文件", "there is no such file"),
    "companion_absent": (
        "同一文件夹中缺少 {companion}",
        "{companion} is missing from the same folder",
    ),
    "encoding": ("文字既非 UTF-8 也非 GB18030", "the text is neither UTF-8 nor GB18030"),
    "malformed": ("不是正确的 CSV：{detail}", "not well-formed CSV: {detail}"),
    "header": (
        "表头须有 code、name 各一列，现为 {found}",
        "the header needs one column code and one column name, found {found}",
    ),
    "empty": ("文件中没有区划", "the file holds no area"),
    "code_shape": (
        "代码须为 2、4、6、9、12 或 15 位数字，现为“{value}”",
        'a code has 2, 4, 6, 9, 12 or 15 digits, found "{value}"',
    ),
    "code_number": (
        "代码“{value}”已被表格软件改成数值，请将该列设为文本后重新填写",
        'a spreadsheet made a number of the code "{value}": format the column as text',
    ),
    "name_empty": ("代码 {code} 的名称为空", "the name of {code} is empty"),
    "name_shape": (
        "代码 {code} 的名称含控制字符或超过 100 字",
        "the name of {code} has control characters or more than 100 characters",
    ),
    "two_names": (
        "代码 {code} 重复，前为“{first}”，此为“{second}”",
        'code {code} stands twice, first as "{first}", here as "{second}"',
    ),
    "parent_absent": (
        "代码 {code} 的上级 {parent} 既不在文件中也不在已载入的区划中",
        "the parent {parent} of {code} is neither in the file nor in the loaded tree",
    ),
    "not_areas": ("不是本版本的区划文件", "is not an area file of this release"),
    "busy": ("另一次载入尚未结束", "another load has not ended"),
    "not_written": ("无法写入：{detail}", "cannot be written: {detail}"),
}


class AreasError(OperatorError):
    """A load was rejected; nothing was changed.

    `reason` is the name of the broken rule. `file` is the file at fault, `line` its line (the
    header is 1) and `column` its column, `code` or `name`; both are None where none is at fault.
    The text is one line, Chinese then English.
    """

    def __init__(
        self,
        reason: str,
        file: Path,
        line: int | None = None,
        column: str | None = None,
        **values: str,
    ) -> None:
        chinese, english = (text.format(**values) for text in _REASONS[reason])
        place = [f" 第 {line} 行" if line else "", f" {column} 列" if column else ""]
        where = [f", line {line}" if line else "", f", column {column}" if column else ""]
        super().__init__(f"{file}{''.join(place)}：{chinese} / {file}{''.join(where)}: {english}")
        self.reason = reason
        self.file = file
        self.line = line
        self.column = column


class Row(NamedTuple):
    """One area of a file, and the line that it begins on; the header is line 1."""

    code: str
    name: str
    line: int


def header_of(path: Path) -> list[str]:
    """The names of a file's columns, in lower case; raises AreasError."""
    return _normalised(next(_lines(path), (1, []))[1])


def read_rows(path: Path) -> Iterator[Row]:
    """The areas of a file in its order; empty lines are skipped.

    Raises AreasError at the first line without a valid area code and name.
    """
    lines = _lines(path)
    header = _normalised(next(lines, (1, []))[1])
    if header.count("code") != 1 or header.count("name") != 1:
        raise AreasError("header", path, 1, found=_shown(",".join(header)) or "—")
    code_at, name_at = header.index("code"), header.index("name")
    for line, fields in lines:
        code = fields[code_at].strip() if len(fields) > code_at else ""
        name = fields[name_at].strip() if len(fields) > name_at else ""
        if not is_code(code):
            if not any(field.strip() for field in fields):
                continue
            reason = "code_number" if _EXCEL_NUMBER.fullmatch(code) else "code_shape"
            raise AreasError(reason, path, line, "code", value=_shown(code))
        if not name:
            raise AreasError("name_empty", path, line, "name", code=code)
        if len(name) > MAX_NAME or _CONTROL.search(name):
            raise AreasError("name_shape", path, line, "name", code=code)
        yield Row(code, name, line)


def _normalised(header: list[str]) -> list[str]:
    return [name.strip("\ufeff \t").lower() for name in header]


def _shown(value: str) -> str:
    return _CONTROL.sub("?", value[:40])


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        encoding = _encoding_of(path)
        file = path.open(encoding=encoding, newline="")
    except OSError as error:
        raise AreasError("absent", path) from error
    with file:
        reader = csv.reader(file, strict=True)
        while True:
            line = reader.line_num + 1
            try:
                fields = next(reader, None)
            except csv.Error as error:
                raise AreasError("malformed", path, line, detail=str(error)) from error
            if fields is None:
                return
            yield line, fields


def _encoding_of(path: Path) -> str:
    """UTF-8, or GB18030 when most lines beyond ASCII are valid as that and not as UTF-8.

    One damaged line must not turn a UTF-8 file into GB18030, where almost any bytes are valid.
    """
    damaged, beyond_ascii = _undecodable(path, "utf-8")
    if not damaged:
        return "utf-8-sig"
    with path.open("rb") as file:
        marked = file.read(3) == codecs.BOM_UTF8
    if marked or 2 * len(damaged) <= beyond_ascii:
        raise AreasError("encoding", path, damaged[0])
    damaged, _ = _undecodable(path, "gb18030")
    if damaged:
        raise AreasError("encoding", path, damaged[0])
    return "gb18030"


def _undecodable(path: Path, encoding: str) -> tuple[list[int], int]:
    """The numbers of the lines that an encoding cannot decode, and how many are not ASCII."""
    damaged: list[int] = []
    beyond_ascii = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.isascii():
                continue
            beyond_ascii += 1
            try:
                line.decode(encoding)
            except UnicodeDecodeError:
                damaged.append(number)
    return damaged, beyond_ascii
