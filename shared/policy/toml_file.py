"""Checks a TOML file against a pydantic model, and reports all problems at once with their lines.

`tomllib` does not keep the lines of values, so `key_lines` finds them, statement by statement.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from shared.exceptions import OperatorError
from shared.i18n.catalogue import Catalogue

TEXTS = Catalogue(Path(__file__).parent / "locale")

ModelT = TypeVar("ModelT", bound=BaseModel)
KeyPath = tuple[str | int, ...]


class PolicyError(OperatorError, ValueError):
    """A file cannot be used; `problems` holds lines of `file:line: key: 中文 / English`."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class PolicyFile:
    """A parsed TOML file: its values, and the line of every dotted key.

    Raises PolicyError when it cannot be read, is not UTF-8 or is not TOML.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._text = _text_of(path)
        try:
            self._values = tomllib.loads(self._text)
        except tomllib.TOMLDecodeError as error:
            reason, line = _syntax_error(str(error), self._text)
            raise PolicyError(_at(path, line, "syntax", reason=reason)) from error

    def line_of(self, path: KeyPath) -> int:
        """The line of a key, or of the nearest table around it; 1 when the file has neither."""
        lines = key_lines(self._text)
        names = tuple(step for step in path if isinstance(step, str))
        around = (names[:length] for length in range(len(names), 0, -1))
        return next((lines[table] for table in around if table in lines), 1)

    def problem(self, path: KeyPath, message: str, /, **values: object) -> str:
        """The text of one problem, `file:line: key: 中文 / English`."""
        text = bilingual(message, **values)
        return f"{self.path}:{self.line_of(path)}: {_dotted(path)}: {text}"

    def checked(self, model: type[ModelT]) -> ModelT:
        """The file as a model; raises PolicyError with all problems, by line."""
        try:
            return model.model_validate(_frozen(self._values))
        except ValidationError as error:
            details = error.errors(include_url=False)
            details.sort(key=lambda detail: self.line_of(_path_of(detail)))
            raise PolicyError(*(self._explained(model, detail) for detail in details)) from error

    def _explained(self, model: type[BaseModel], detail: ErrorDetails) -> str:
        kind, path, given = detail["type"], _path_of(detail), detail["input"]
        values: dict[str, Any] = dict(detail.get("ctx", {}))
        if kind == "extra_forbidden":
            return self._unknown(path, str(path[-1]), _keys_at(model, path[:-1]))
        if kind == "literal_error":
            known = re.findall(r"'([^']*)'", str(values["expected"]))
            if detail["loc"][-1] == "[key]":
                return self._unknown(path, str(path[-1]), known)
            values["expected"] = ", ".join(known) or values["expected"]
        if not TEXTS.has(kind, "zh"):
            kind, values = "invalid", {"reason": detail["msg"]}
        return self.problem(path, kind, **(values | {"given": given}))

    def _unknown(self, path: KeyPath, key: str, known: list[str]) -> str:
        nearest = get_close_matches(key, known, n=1, cutoff=0) or [""]
        return self.problem(path, "unknown_key", nearest=nearest[0], known=", ".join(known))


def key_lines(text: str) -> dict[tuple[str, ...], int]:
    """The line on which each key and table of a valid TOML text begins, counted from 1.

    A value over several lines counts from its key's line, as do the keys of an inline table.
    """
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    inside: tuple[str, ...]
    statement, start = "", 1
    for number, line in enumerate(text.split("\n"), 1):
        start = start if statement else number
        statement += line + "\n"
        try:
            parsed = tomllib.loads(statement)
        except tomllib.TOMLDecodeError:
            continue  # the statement goes on
        paths = list(_paths(parsed))
        if statement.lstrip().startswith("["):
            table, inside = max(paths, key=len), ()
        else:
            inside = table
        for path in paths:
            found.setdefault((*inside, *path), start)
        statement = ""
    return found


def _paths(value: object) -> Iterator[tuple[str, ...]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield (key,)
            yield from ((key, *path) for path in _paths(inner))
    elif isinstance(value, list):
        for item in value:
            yield from _paths(item)


def _text_of(path: Path) -> str:
    try:
        raw = path.read_bytes()
        # Notepad writes a byte order mark, which TOML does not allow.
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise PolicyError(_at(path, line, "not_utf8")) from error
    except OSError as error:
        raise PolicyError(_at(path, 1, "unreadable", reason=error.strerror)) from error


def _syntax_error(message: str, text: str) -> tuple[str, int]:
    """The reason without its position, and the line: the last one for an unfinished text."""
    reason, _, position = message.rpartition(" (at ")
    line = re.match(r"line (\d+)", position)
    return reason, int(line[1]) if line else len(text.rstrip("\n").split("\n"))


def bilingual(message: str, /, **values: object) -> str:
    """A message of the catalogue in both languages, `中文 / English`."""
    return " / ".join(TEXTS.text(message, language, **values) for language in ("zh", "en"))


def _at(path: Path, line: int, message: str, /, **values: object) -> str:
    return f"{path}:{line}: {bilingual(message, **values)}"


def _path_of(detail: ErrorDetails) -> KeyPath:
    """The key of an error; a rule that concerns several tables names its key in the context."""
    named = detail.get("ctx", {}).get("key")
    if named is not None:
        return tuple(str(named).split("."))
    return tuple(step for step in detail["loc"] if step != "[key]")


def _dotted(path: KeyPath) -> str:
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return "".join(steps).removeprefix(".")


def _frozen(value: object) -> object:
    """The value with tuples for lists, as the models are immutable."""
    if isinstance(value, dict):
        return {key: _frozen(inner) for key, inner in value.items()}
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


def _keys_at(model: type[BaseModel], path: KeyPath) -> list[str]:
    at = model
    for step in path:
        field = at.model_fields.get(str(step))
        at = (_model_in(field.annotation) if field else None) or at
    return list(at.model_fields)


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)
