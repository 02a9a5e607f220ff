"""Text for people: Chinese first, English second, from gettext `.po` files that are not compiled.

A catalogue is a pair of files, `zh.po` and `en.po`, in one folder. Message ids are names, so that
the code holds no text in any language. Placeholders are named: `{temperature_c}`.
"""

import re
from functools import cache
from pathlib import Path
from typing import Literal

Language = Literal["zh", "en"]

QVALUE = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")
# A language's weight and place in a header: what is not named is still better than what is refused.
UNNAMED, REFUSED = (0.0, 0), (-1.0, 0)


class Catalogue:
    """The texts of one folder: `text("fever_detected", "zh", temperature_c=38)`."""

    def __init__(self, folder: Path, pattern: str = "{language}.po") -> None:
        self._folder = folder
        self._pattern = pattern

    @classmethod
    def beside(cls, module: str) -> "Catalogue":
        """The catalogue in the folder of a module: `TEXTS = Catalogue.beside(__file__)`."""
        return cls(Path(module).parent)

    def text(self, message: str, language: Language = "zh", /, **values: object) -> str:
        """The message in a language; in the other one where it is missing, or else its id."""
        tongues: tuple[Language, ...] = (language, "zh", "en")
        for tongue in tongues:
            template = _read_all(self._folder, self._pattern, tongue).get(message)
            if template:
                return template.format_map(_Lenient(values))
        return message

    def has(self, message: str, language: Language) -> bool:
        """Whether this language has the message."""
        return message in _read_all(self._folder, self._pattern, language)


class _Lenient(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "—"


@cache
def _read_all(folder: Path, pattern: str, language: Language) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in sorted(folder.glob(pattern.format(language=language))):
        found |= _read(path)
    return found


@cache
def _read(path: Path) -> dict[str, str]:
    # Imported here: what says nothing need not load it.
    import polib

    if not path.exists():
        return {}
    return {entry.msgid: entry.msgstr for entry in polib.pofile(str(path), encoding="utf-8")}


def preferred_language(accept: str | None) -> Language:
    """The language that an Accept-Language header gives more weight (RFC 9110, 12.5.4).

    Of equal ones the one named first; Chinese when the header tells nothing of either.
    """
    named: dict[str, tuple[float, int]] = {}
    for place, part in enumerate((accept or "").lower().split(",")):
        tag, _, parameters = part.partition(";")
        language = tag.strip().partition("-")[0]
        named[language] = max(named.get(language, REFUSED), (_weight(parameters), -place))
    others = named.get("*", UNNAMED)
    return "en" if named.get("en", others) > named.get("zh", others) else "zh"


def _weight(parameters: str) -> float:
    """The q of a language; 1 without one and where it is malformed, less than nothing for 0."""
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip() == "q" and QVALUE.fullmatch(value.strip()):
            return float(value) or REFUSED[0]
    return 1.0
