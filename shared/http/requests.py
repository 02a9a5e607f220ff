"""Request checks: the caller's role, the areas and times named, unknown parameters, body size."""

from datetime import timedelta
from functools import cache
from typing import Any

import orjson
from pydantic import BaseModel
from starlette.requests import Request as HttpRequest

from shared.exceptions import Invalid
from shared.http.rejections import TooLarge, WrongRole
from shared.i18n.messages import TEXTS
from shared.security.access import require_access
from shared.security.roles import Role
from shared.security.tokens import Caller
from shared.site import Site

BODY_LIMIT = 1024 * 1024
CLOCK_SKEW = timedelta(minutes=1)
NUL = b"\\u0000"
AREA_FIELDS = ("area", "code")
# Some programs begin a file of text with it.
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def authorize(site: Site, request: HttpRequest, roles: frozenset[Role]) -> Caller:
    """The caller behind a bearer token; raises InvalidToken (401) or WrongRole (403)."""
    return authorize_token(site, bearer_token(request), roles)


def bearer_token(request: HttpRequest) -> str:
    """The token in the Authorization header; empty when there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def authorize_token(site: Site, token: str, roles: frozenset[Role]) -> Caller:
    """The caller behind a token; raises InvalidToken (401) or WrongRole (403)."""
    caller = site.tokens.verify(token)
    if caller.role not in roles:
        raise WrongRole(", ".join(sorted(roles)))
    return caller


def check_areas(site: Site, model: BaseModel, caller: Caller | None) -> None:
    """Every area named must be in the tree (422) and within the caller's rights (403)."""
    for name in _area_fields(type(model)):
        area = getattr(model, name)
        if area is None:
            continue
        if not site.areas.exists(area):
            raise Invalid(TEXTS, "unknown_area", field=name, area=area)
        require_access(caller, area, name)


@cache
def _area_fields(model: type[BaseModel]) -> tuple[str, ...]:
    return tuple(name for name in AREA_FIELDS if name in model.model_fields)


def check_time(site: Site, model: BaseModel) -> None:
    """What is said to have occurred lies in the past (a minute's skew is let pass)."""
    occurred_at = getattr(model, "occurred_at", None)
    if occurred_at is not None and occurred_at > site.clock.now() + CLOCK_SKEW:
        raise Invalid(TEXTS, "in_the_future", field="occurred_at")


def query_names(model: type[BaseModel], path: str) -> frozenset[str]:
    """What may stand in the query string: the fields that are not in the path."""
    return frozenset(name for name in model.model_fields if f"{{{name}}}" not in path)


def refuse_unknown_query(request: HttpRequest, known: frozenset[str]) -> None:
    """A mistyped parameter would be a filter that is not there: raises Invalid naming it."""
    unknown = request.query_params.keys() - known
    if unknown:
        message = "unknown_parameter" if known else "unknown_parameter.none"
        raise Invalid(TEXTS, message, field=min(unknown), known=", ".join(sorted(known)))


async def read_body(request: HttpRequest, limit: int) -> bytes:
    """The whole body; raises TooLarge as soon as it passes the limit, in bytes."""
    said = request.headers.get("content-length", "")
    if said.isdigit() and int(said) > limit:
        raise TooLarge(limit // 1024, "kib")
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise TooLarge(limit // 1024, "kib")
        parts.append(part)
    return b"".join(parts).removeprefix(BYTE_ORDER_MARK)


def parse_object(raw: bytes) -> dict[str, Any]:
    """A JSON object; raises Invalid. No text of ours holds a NUL, which PostgreSQL cannot store."""
    try:
        fields = orjson.loads(raw)
    except orjson.JSONDecodeError:
        fields = None
    if not isinstance(fields, dict):
        raise Invalid(TEXTS, "no_json", field="body")
    if NUL in raw:
        holding = [name for name, value in fields.items() if NUL in orjson.dumps(value)]
        raise Invalid(TEXTS, "nul_in_text", field=holding[0] if holding else "body")
    return fields


async def read_json(request: HttpRequest, limit: int) -> dict[str, Any]:
    """The body as a JSON object; an absent body is an empty one."""
    raw = await read_body(request, limit)
    return parse_object(raw) if raw else {}
