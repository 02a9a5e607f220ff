"""Errors as problem documents (RFC 9457), in the caller's language, each naming the field."""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from shared.exceptions import Rejected, Unavailable
from shared.http.draining import drain
from shared.http.rejections import TooLarge, WrongRole
from shared.i18n.catalogue import Language, preferred_language
from shared.i18n.messages import TEXTS
from shared.logs import get_logger
from shared.security.tokens import InvalidToken

log = get_logger(__name__)
MEDIA_TYPE = "application/problem+json"
QUOTED = re.compile(r"'([^']*)'")
# What the framework answers by itself, such as for a path that does not exist.
KINDS_BY_STATUS: Mapping[int, str] = {404: "not-found", 405: "method-not-allowed"}


class FieldError(BaseModel):
    """What is wrong with one field of a request."""

    model_config = ConfigDict(defer_build=True)

    field: str
    message: str


class Problem(BaseModel):
    """A problem document (RFC 9457); some refusals carry members of their own besides."""

    model_config = ConfigDict(defer_build=True, extra="allow")

    type: str = Field(description="The kind of problem, for programs")
    title: str
    status: int
    detail: str | None = None
    field: str | None = Field(default=None, description="The field at fault, if it is one")
    errors: tuple[FieldError, ...] = ()


def language_of(request: Request) -> Language:
    """The language the caller prefers; Chinese unless English is asked for first."""
    return preferred_language(request.headers.get("accept-language"))


def field_errors(error: ValidationError, language: Language) -> list[dict[str, str]]:
    """`[{field, message}]` of a body that does not fit."""
    return [
        {"field": _name(entry["loc"]), "message": _message(dict(entry), language)}
        for entry in error.errors(include_url=False, include_input=False)
    ]


def _name(location: Sequence[int | str]) -> str:
    return ".".join(str(part) for part in location) or "body"


def _message(entry: Mapping[str, Any], language: Language) -> str:
    values = dict(entry.get("ctx", {}))
    key = f"error.{entry['type']}"
    if any(isinstance(values.get(bound), str) for bound in ("ge", "le")):
        # Numbers stay numbers: a bound in words is a time's.
        key = "error.too_early" if "ge" in values else "error.too_late"
    if not TEXTS.has(key, language):
        return TEXTS.text("error.other", "zh") if language == "zh" else str(entry["msg"])
    if "expected" in values:
        values["expected"] = _choice(str(values["expected"]), language)
    return TEXTS.text(key, language, **values)


def _choice(expected: str, language: Language) -> str:
    """The allowed words, listed as `'a', 'b' or 'c'`, in the caller's language."""
    words: list[str] = QUOTED.findall(expected)
    if len(words) < 2:
        return words[0] if words else expected
    several = TEXTS.text("choice.comma", language).join(words[:-1])
    return several + TEXTS.text("choice.or", language) + words[-1]


def line_error(error: Exception, language: Language) -> dict[str, Any]:
    """`{error, field}` of one refused line."""
    if isinstance(error, ValidationError):
        errors = field_errors(error, language)
        text = "; ".join(f"{one['field']}: {one['message']}" for one in errors)
        return {"error": text, "field": errors[0]["field"]}
    if isinstance(error, Rejected):
        named = f"{error.field}: " if error.field else ""
        return {**error.extras, "error": named + error.text(language), "field": error.field}
    return {"error": TEXTS.text("failed", language), "field": None}


def document(
    kind: str,
    title: str,
    status: int,
    *,
    detail: str | None = None,
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> Response:
    """A problem document as a response."""
    content = {"type": kind, "title": title, "status": status, **members}
    if detail:
        content["detail"] = detail
    return JSONResponse(content, status, {"content-type": MEDIA_TYPE, **(headers or {})})


def _problem(request: Request, status: int, kind: str, **members: Any) -> Response:
    title = TEXTS.text(f"problem.{kind}", language_of(request))
    return document(kind, title, status, **members)


def problem_of(request: Request, error: Exception) -> Response:
    """The problem document of any error."""
    language = language_of(request)
    if isinstance(error, ValidationError):
        errors = field_errors(error, language)
        detail = "; ".join(f"{one['field']}: {one['message']}" for one in errors)
        field = errors[0]["field"]
        return _problem(request, 422, "invalid", detail=detail, field=field, errors=errors)
    if isinstance(error, Rejected):
        detail = error.text(language)
        errors = [{"field": error.field, "message": detail}] if error.field else []
        detail = f"{error.field}: {detail}" if error.field else detail
        extras = {**error.extras, "detail": detail, "field": error.field, "errors": errors}
        return _problem(request, error.status, error.kind, **extras)
    if isinstance(error, InvalidToken):
        headers = {"WWW-Authenticate": "Bearer"}
        fault = TEXTS.text(f"token.{error.reason}", language)
        detail = TEXTS.text("token_needed", language, reason=fault)
        return _problem(request, 401, "unauthorised", detail=detail, headers=headers)
    if isinstance(error, WrongRole):
        return _problem(
            request, 403, "forbidden", detail=TEXTS.text("wrong_role", language, roles=str(error))
        )
    if isinstance(error, TooLarge):
        detail = TEXTS.text(f"too_large.{error.unit}", language, limit=error.limit)
        return _problem(request, 413, "too-large", detail=detail, field="body")
    if isinstance(error, Unavailable):
        detail = TEXTS.text("unavailable", language)
        return _problem(request, 503, "unavailable", detail=detail, headers={"Retry-After": "2"})
    if isinstance(error, HTTPException):
        return _refused_by_framework(request, error)
    log.error("http.failed", path=request.url.path, exc_info=error)
    return _problem(request, 500, "failed", detail=TEXTS.text("failed", language))


def _refused_by_framework(request: Request, error: HTTPException) -> Response:
    """The framework's own refusals: no such path, no such method; a few others by their name."""
    status, headers = error.status_code, dict(error.headers or {})
    kind = KINDS_BY_STATUS.get(status)
    if kind is None:
        return document(f"http-{status}", HTTPStatus(status).phrase, status, headers=headers)
    detail = TEXTS.text(f"framework.{kind}", language_of(request))
    return _problem(request, status, kind, detail=detail, headers=headers)


async def answer(request: Request, error: Exception) -> Response:
    """The problem document of any error as a response, which the sender of a large body gets."""
    await drain(request)
    return problem_of(request, error)


def install(app: FastAPI) -> None:
    """Make every error of an app a problem document; the framework's own would tell its inside."""
    app.add_exception_handler(HTTPException, answer)
    app.add_exception_handler(Exception, answer)
