"""Every answer of a node in the tests, held against what its route declares."""

import re
from functools import cache
from typing import Any, NamedTuple

import httpx
from jsonschema import Draft202012Validator, FormatChecker

from bulwark.server.routes import every_route
from shared.http.openapi import document

FORMATS = FormatChecker(formats=("date", "date-time"))


class Operation(NamedTuple):
    """One operation of the document, and how its path is recognised."""

    method: str
    template: str
    path: re.Pattern[str]
    responses: dict[str, Any]


def check(method: str, path: str, answer: httpx.Response) -> None:
    """Fail when a declared route answered what it does not declare.

    Paths that nobody declared are answered 404 or 405.
    """
    operation = _operation(method, path)
    if operation is None:
        assert answer.status_code in (404, 405), f"{method} {path} is declared nowhere"
        return
    name = f"{method} {operation.template}"
    status = str(answer.status_code)
    assert status in operation.responses, f"{name} declares no {status}: {answer.text}"
    media_type = answer.headers.get("content-type", "").partition(";")[0]
    validators = _validators(operation.template, method, status)
    assert media_type in validators or not (validators or answer.content), (
        f"{name} declares {list(validators)} for {status}, not {media_type}"
    )
    if media_type.endswith("json"):
        faults = [_told(error) for error in validators[media_type].iter_errors(answer.json())]
        assert not faults, f"{name} answers {status} otherwise than it declares: {faults}"


def check_frame(data: Any) -> None:
    """Fail when the data of a frame of the live feed is not what the route declares."""
    ((_, validator),) = _validators("/stream", "GET", "200").items()
    faults = [_told(error) for error in validator.iter_errors(data)]
    assert not faults, f"a frame says otherwise than is declared: {faults}"


def _told(error: Any) -> str:
    return f"{error.json_path}: {error.message}"


@cache
def strict_document() -> dict[str, Any]:
    """All routes in one document, in which no answer may hold a field that is not declared."""
    routes = [route for routes in every_route().values() for route in routes]
    found = document("Bulwark", routes)
    for schema in found["components"]["schemas"].values():
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return found


@cache
def _operations() -> tuple[Operation, ...]:
    return tuple(
        Operation(
            method.upper(),
            path,
            re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))),
            operation["responses"],
        )
        for path, methods in strict_document()["paths"].items()
        for method, operation in methods.items()
    )


@cache
def _operation(method: str, path: str) -> Operation | None:
    plain = path.partition("?")[0]
    # A path that is written out stands before one with names in it.
    found = [one for one in _operations() if one.method == method and one.path.fullmatch(plain)]
    return min(found, key=lambda one: one.template.count("{"), default=None)


@cache
def _validators(template: str, method: str, status: str) -> dict[str, Draft202012Validator]:
    """A validator for each media type that an operation declares for a status."""
    whole = strict_document()
    response = whole["paths"][template][method.lower()]["responses"][status]
    if "$ref" in response:
        response = whole["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
    return {
        media_type: Draft202012Validator(
            {**content["schema"], "components": whole["components"]}, format_checker=FORMATS
        )
        for media_type, content in response.get("content", {}).items()
    }
