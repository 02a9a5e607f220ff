"""The OpenAPI document of routes: what each takes, answers and refuses, and whom it lets in."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from shared.http.declaration import JSON, Content, Route
from shared.http.problems import MEDIA_TYPE, Problem
from shared.i18n.catalogue import Catalogue
from shared.i18n.messages import TEXTS

Schema = dict[str, Any]
Schemas = Mapping[type[BaseModel], Schema]

SCHEMAS: Final = "#/components/schemas/"
# Each refusal's name in the document and the id of its title in the catalogue.
REFUSALS: Final[Mapping[int, tuple[str, str]]] = {
    401: ("Unauthorised", "unauthorised"),
    403: ("Forbidden", "forbidden"),
    404: ("NotFound", "not-found"),
    409: ("Conflict", "conflict"),
    410: ("Gone", "gone"),
    413: ("TooLarge", "too-large"),
    422: ("Invalid", "invalid"),
    500: ("Failed", "failed"),
    503: ("Unavailable", "unavailable"),
}
HEADERS: Final[Mapping[int, tuple[str, Schema]]] = {
    401: ("WWW-Authenticate", {"type": "string"}),
    503: ("Retry-After", {"type": "integer"}),
}


def document(title: str, routes: Sequence[Route]) -> Schema:
    """An OpenAPI 3.1 document of these routes."""
    models, definitions = _models(routes)
    paths: dict[str, Schema] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(
            route, models, definitions
        )
    responses = {name: _refusal(status, kind) for status, (name, kind) in REFUSALS.items()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": "1",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": list(_tags(routes)),
        "paths": paths,
        "components": {
            "schemas": _used(definitions, [paths, responses]),
            "responses": responses,
            "securitySchemes": _schemes(routes),
        },
    }


def _tags(routes: Iterable[Route]) -> Iterable[Schema]:
    for tag, texts in {route.tag: route.texts for route in routes}.items():
        yield {"name": tag, "description": _both(texts, f"tag.{tag}")}


def _both(texts: Catalogue, message: str) -> str:
    """A message in Chinese and English."""
    return f"{texts.text(message, 'zh')} / {texts.text(message, 'en')}"


def _models(routes: Iterable[Route]) -> tuple[Schemas, dict[str, Schema]]:
    """A reference to each model, and the schemas referred to."""
    wanted: dict[type[BaseModel], None] = {Problem: None}
    for route in routes:
        if route.asks is not None:
            wanted[route.asks] = None
        for content in route.answers.values():
            wanted |= dict.fromkeys(model for model in _by_media_type(content).values() if model)
    # In this mode a field with a default may be left out, which is so of answers too.
    references, found = models_json_schema(
        [(model, "validation") for model in wanted], ref_template=SCHEMAS + "{model}"
    )
    return {model: references[model, "validation"] for model in wanted}, found["$defs"]


def _by_media_type(content: Content) -> Mapping[str, type[BaseModel] | None]:
    return {JSON: content} if isinstance(content, type) else content


def _operation(route: Route, models: Schemas, definitions: dict[str, Schema]) -> Schema:
    english = route.texts.text(route.message, "en")
    _, _, more = (route.handler.__doc__ or "").strip().partition("\n")
    lines = [line.strip() for line in more.strip().splitlines()]
    operation: Schema = {
        "operationId": f"{route.tag}_{route.handler.__name__.lstrip('_')}",
        "tags": [route.tag],
        "summary": route.texts.text(route.message, "zh"),
        "description": "\n".join([english, "", *lines] if lines else [english]),
        "security": _security(route),
        "x-area-check": [str(check) for check in route.area],
        "responses": {
            **{str(status): _answer(route, status, models) for status in sorted(route.answers)},
            **{
                str(status): {"$ref": f"#/components/responses/{REFUSALS[status][0]}"}
                for status in sorted(route.refusals - route.answers.keys())
            },
        },
    }
    if route.with_reason is not None:
        operation["x-with-reason"] = {"roles": sorted(route.with_reason.roles)}
    if route.asks is not None:
        name = str(models[route.asks]["$ref"]).removeprefix(SCHEMAS)
        operation["parameters"] = _parameters(route, definitions[name])
        if route.takes is not None:
            _leave_out(route.tokens, definitions[name])
            schema = {"$ref": SCHEMAS + name}
            operation["requestBody"] = {
                "required": True,
                "content": {route.takes: {"schema": schema}},
            }
    return operation


def _parameters(route: Route, schema: Schema) -> list[Schema]:
    properties: Mapping[str, Schema] = schema.get("properties", {})
    required = set(schema.get("required", ()))
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": properties.get(name, {})}
        for name in route.tokens
    ]
    if route.takes is not None:
        return in_path
    return in_path + [
        {"name": name, "in": "query", "required": name in required, "schema": value}
        for name, value in properties.items()
        if name not in route.tokens
    ]


def _leave_out(names: Iterable[str], schema: Schema) -> None:
    """Take out of a body's schema what stands in the path."""
    for name in names:
        schema["properties"].pop(name, None)
        if name in schema.get("required", ()):
            schema["required"].remove(name)
    if schema.get("required") == []:
        del schema["required"]


def _answer(route: Route, status: int, models: Schemas) -> Schema:
    parts = {
        media_type: {"schema": {"type": "string"} if model is None else models[model]}
        for media_type, model in _by_media_type(route.answers[status]).items()
    }
    again = status == 200 and 201 in route.answers
    described = _both(TEXTS, "openapi.again" if again else "openapi.answer")
    return {"description": described, **({"content": parts} if parts else {})}


def _refusal(status: int, kind: str) -> Schema:
    found: Schema = {
        "description": _both(TEXTS, f"problem.{kind}"),
        "content": {MEDIA_TYPE: {"schema": {"$ref": f"{SCHEMAS}{Problem.__name__}"}}},
    }
    if status in HEADERS:
        name, schema = HEADERS[status]
        found["headers"] = {name: {"schema": schema}}
    return found


def _security(route: Route) -> list[dict[str, list[str]]]:
    """Any one of these lets a caller in: a token of any one of the roles."""
    if route.roles is None:
        return []
    schemes = ("bearer", "query") if route.token_in_query else ("bearer",)
    return [{scheme: [role]} for scheme in schemes for role in sorted(_all_roles(route))]


def _all_roles(route: Route) -> set[str]:
    with_reason = route.with_reason
    return {*(route.roles or ()), *(with_reason.roles if with_reason else ())}


def _schemes(routes: Iterable[Route]) -> Schema:
    schemes: Schema = {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": _both(TEXTS, "openapi.bearer"),
        }
    }
    if any(route.token_in_query for route in routes):
        schemes["query"] = {
            "type": "apiKey",
            "in": "query",
            "name": "access_token",
            "description": _both(TEXTS, "openapi.query"),
        }
    return schemes


def _used(definitions: Mapping[str, Schema], roots: list[Any]) -> dict[str, Schema]:
    """The schemas that something refers to, by name: queries are written out where they are."""
    used: set[str] = set()
    pending = roots
    while pending:
        part = pending.pop()
        if isinstance(part, list):
            pending.extend(part)
        elif isinstance(part, dict):
            pending.extend(part.values())
            name = str(part.get("$ref", "")).removeprefix(SCHEMAS)
            if name in definitions and name not in used:
                used.add(name)
                pending.append(definitions[name])
    return {name: definitions[name] for name in sorted(used)}
