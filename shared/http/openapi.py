"""What a declared route says of itself in the OpenAPI document."""

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import BaseModel

from shared.writer.commands import Command


def described(
    function: Callable[..., Any],
    model: type[BaseModel],
    path: Sequence[str],
    status: int,
    *,
    lines: bool = False,
) -> dict[str, Any]:
    """Summary, parameters and body of a route, from its handler's docstring and its model."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schema.pop("$defs", None)
    properties: dict[str, Any] = schema.get("properties", {})
    summary, _, description = (function.__doc__ or "").strip().partition("\n")
    extra: dict[str, Any] = {
        "summary": summary.rstrip("."),
        "description": description.strip(),
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": properties.get(name, {})}
            for name in path
        ],
        "responses": {str(status): {"description": "OK"}},
    }
    if not issubclass(model, Command):
        extra["parameters"] += [
            {"name": name, "in": "query", "required": False, "schema": value}
            for name, value in properties.items()
            if name not in path
        ]
        return extra
    schema["properties"] = {name: value for name, value in properties.items() if name not in path}
    schema["required"] = [name for name in schema.get("required", []) if name not in path]
    kind = "application/x-ndjson" if lines else "application/json"
    extra["requestBody"] = {"required": True, "content": {kind: {"schema": schema}}}
    return extra
