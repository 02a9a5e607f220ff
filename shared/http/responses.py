"""Answers as they are sent: JSON, or a page for who prefers one."""

from typing import Any

import orjson
from pydantic import BaseModel
from starlette.responses import Response


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError(f"{type(value)} cannot be sent")


def prefers_html(accept: str) -> bool:
    """Whether an Accept header asks for HTML, and not for JSON more than for it."""
    qualities: dict[str, float] = {}
    for part in accept.lower().split(","):
        kind, *parameters = (word.strip() for word in part.split(";"))
        quality = next((word[2:] for word in parameters if word.startswith("q=")), "1")
        try:
            qualities[kind] = float(quality)
        except ValueError:
            qualities[kind] = 0.0
    html = qualities.get("text/html", 0.0)
    return html > 0.0 and html >= qualities.get("application/json", 0.0)


def json_response(content: Any, status: int) -> Response:
    """A JSON answer; models, dates and times are written as the contract says."""
    return Response(orjson.dumps(content, default=_plain), status, media_type="application/json")
