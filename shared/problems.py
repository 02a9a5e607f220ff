"""Errors as problem documents (RFC 9457), in the caller's language, each naming the field."""

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi_problem.error import Problem
from fastapi_problem.handler import add_exception_handler, new_exception_handler
from pydantic import ValidationError

from shared.auth import InvalidToken
from shared.refusal import Refused
from shared.text import Language, preferred_language
from shared.texts import TEXTS
from shared.writer import Unavailable

log = structlog.get_logger(__name__)


class TooLarge(Exception):
    """413: the body is larger than the limit, in bytes or lines."""

    def __init__(self, limit: str) -> None:
        super().__init__(limit)
        self.limit = limit


class WrongRole(Exception):
    """403: the caller's role may not do this."""


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
    key = f"error.{entry['type']}"
    if not TEXTS.has(key, language):
        return str(entry["msg"])
    return TEXTS.text(key, language, **entry.get("ctx", {}))


def line_error(error: Exception, language: Language) -> dict[str, Any]:
    """`{error, field}` of one refused line."""
    if isinstance(error, ValidationError):
        errors = field_errors(error, language)
        text = "; ".join(f"{one['field']}: {one['message']}" for one in errors)
        return {"error": text, "field": errors[0]["field"]}
    if isinstance(error, Refused):
        named = f"{error.field}: " if error.field else ""
        return {**error.extras, "error": named + error.text(language), "field": error.field}
    return {"error": TEXTS.text("failed", language), "field": None}


def _problem(request: Request, status: int, kind: str, **extras: Any) -> Problem:
    title = TEXTS.text(f"problem.{kind}", language_of(request))
    headers = extras.pop("headers", None)
    return Problem(title, type_=kind, status=status, headers=headers, **extras)


def problem_of(request: Request, error: Exception) -> Problem:
    """The problem document of any error."""
    language = language_of(request)
    if isinstance(error, ValidationError):
        errors = field_errors(error, language)
        detail = "; ".join(f"{one['field']}: {one['message']}" for one in errors)
        field = errors[0]["field"]
        return _problem(request, 422, "invalid", detail=detail, field=field, errors=errors)
    if isinstance(error, Refused):
        detail = error.text(language)
        errors = [{"field": error.field, "message": detail}] if error.field else []
        detail = f"{error.field}: {detail}" if error.field else detail
        extras = {**error.extras, "detail": detail, "field": error.field, "errors": errors}
        return _problem(request, error.status, error.kind, **extras)
    if isinstance(error, InvalidToken):
        headers = {"WWW-Authenticate": "Bearer"}
        detail = TEXTS.text("token_needed", language, reason=str(error))
        return _problem(request, 401, "unauthorised", detail=detail, headers=headers)
    if isinstance(error, WrongRole):
        return _problem(
            request, 403, "forbidden", detail=TEXTS.text("wrong_role", language, roles=str(error))
        )
    if isinstance(error, TooLarge):
        detail = TEXTS.text("too_large", language, limit=error.limit)
        return _problem(request, 413, "too-large", detail=detail, field="body")
    if isinstance(error, Unavailable):
        detail = TEXTS.text("unavailable", language)
        return _problem(request, 503, "unavailable", detail=detail, headers={"Retry-After": "2"})
    log.error("http.failed", path=request.url.path, exc_info=error)
    return _problem(request, 500, "failed", detail=TEXTS.text("failed", language))


def install(app: FastAPI) -> None:
    """Make every error of an app a problem document."""

    def handle(_handler: object, request: Request, error: Exception) -> Problem:
        return problem_of(request, error)

    kinds = (ValidationError, Refused, InvalidToken, WrongRole, TooLarge, Unavailable)
    known: dict[type[Exception], Any] = dict.fromkeys(kinds, handle)
    handler = new_exception_handler(handlers=known)
    add_exception_handler(app, handler)
    for kind in kinds:
        app.add_exception_handler(kind, handler)
