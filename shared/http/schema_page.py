"""What the pages that are made of schemas share: their style, and a type in a few words."""

from collections.abc import Callable, Mapping
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

Refer = Callable[[str], str]


@cache
def style() -> str:
    """The style sheet, to stand in the page itself: nothing else is fetched."""
    return (Path(__file__).parent / "schema_page.css").read_text(encoding="utf-8")


def kind(part: Mapping[str, Any], refer: Refer) -> str:
    """A field's type as HTML; `refer` gives the HTML of a schema that is named elsewhere."""
    if "$ref" in part:
        return refer(str(part["$ref"]).rsplit("/", 1)[1])
    if "enum" in part:
        return escape(" | ".join(str(value) for value in part["enum"]))
    if "const" in part:
        return escape(str(part["const"]))
    if "anyOf" in part:
        return " | ".join(kind(one, refer) for one in part["anyOf"])
    if part.get("type") == "array":
        return f"[{kind(part['items'], refer)}]"
    if isinstance(part.get("additionalProperties"), dict):
        return f"{{*: {kind(part['additionalProperties'], refer)}}}"
    bounds = [str(part[key]) for key in ("minimum", "maximum") if key in part]
    range_ = f" {' … '.join(bounds)}" if len(bounds) == 2 else ""
    return escape(f"{part.get('format', part.get('type', ''))}{range_}")
