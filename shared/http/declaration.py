"""What a route declares: the roles that may call it, how areas are checked, what it answers.

`bulwark routes`, the OpenAPI documents and the tests of every route are made from this. Schemas
are built when a document is requested, not at start.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import BaseModel
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from shared.context import ServiceContext
from shared.http.requests import AREA_FIELDS
from shared.i18n.catalogue import Catalogue
from shared.security.roles import Role
from shared.writer.commands import Command

JSON = "application/json"
NDJSON = "application/x-ndjson"

Roles = Iterable[Role]
Endpoint = Callable[[ServiceContext, HttpRequest], Awaitable[Response]]
# The model of a JSON answer; or one by media type, where None is text that has no model.
Content = type[BaseModel] | Mapping[str, type[BaseModel] | None]


class AreaCheck(StrEnum):
    """How it is made sure that a caller stays within their area."""

    PATH = "path"  # the area in the path, before the handler runs
    BODY = "body"  # the area in the body, before the handler runs
    QUERY = "query"  # the area in the query string, before the handler runs
    SCOPE = "scope"  # the answer is narrowed to the caller's area, or to the one asked for in it
    ROW = "row"  # the handler checks the stored row's area: `require_access`
    GRANT = "grant"  # the handler checks the area that the grant names
    NONE = "none"  # the same answer for everybody


class UncheckedArea(Exception):
    """A route names no area and does not say how the caller's is checked."""


@dataclass(frozen=True, slots=True)
class WithReason:
    """What a read becomes when the request states a `reason`: who may, and what does it."""

    roles: frozenset[Role]
    handler: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Route:
    """One declared route; `roles` None means that no token is asked for.

    `endpoint` is None where the process answers before any service is asked.
    `answers` is by status; `refusals` are the statuses of its problem documents; `takes` is the
    media type of its body, None when it has none.
    """

    method: str
    path: str
    tag: str
    texts: Catalogue
    endpoint: Endpoint | None
    handler: Callable[..., Any]
    roles: frozenset[Role] | None
    area: tuple[AreaCheck, ...]
    answers: Mapping[int, Content]
    asks: type[BaseModel] | None = None
    takes: str | None = None
    refusals: frozenset[int] = frozenset()
    with_reason: WithReason | None = None
    # Whether the token may stand in the query, for clients that cannot send headers.
    token_in_query: bool = False

    @property
    def message(self) -> str:
        """The id of its summary in the catalogue: `route.<tag>.<function>`."""
        return f"route.{self.tag}.{self.handler.__name__.lstrip('_')}"

    @property
    def name_of_handler(self) -> str:
        """Where its code is: `module:function`."""
        return name_of(self.handler)

    @property
    def tokens(self) -> tuple[str, ...]:
        """The names in its path."""
        return tuple(re.findall(r"{(\w+)}", self.path))


def name_of(function: Callable[..., Any]) -> str:
    """`module:function`; of what a function made, the innermost name alone."""
    return f"{function.__module__}:{function.__qualname__.rpartition('<locals>.')[2]}"


def area_checks(
    model: type[BaseModel] | None,
    path: str,
    roles: Roles | None,
    declared: AreaCheck | None,
) -> tuple[AreaCheck, ...]:
    """What a model's own fields make sure of, and what the declaration says besides.

    Raises UncheckedArea when a route that asks for a token has neither.
    """
    if roles is None:
        return (AreaCheck.NONE,)
    fields = {} if model is None else model.model_fields
    found = [_check(name, model, path) for name in AREA_FIELDS if model and name in fields]
    if declared is not None and declared not in found:
        found.append(declared)
    if not found:
        raise UncheckedArea(f"{path}: say how the caller's area is checked: area=AreaCheck.…")
    return tuple(found)


def _check(name: str, model: type[BaseModel], path: str) -> AreaCheck:
    if f"{{{name}}}" in path:
        return AreaCheck.PATH
    if issubclass(model, Command):
        return AreaCheck.BODY
    # Where none is asked for, the caller's own is meant.
    return AreaCheck.QUERY if model.model_fields[name].is_required() else AreaCheck.SCOPE


def refusals(*statuses: int, roles: Roles | None, path: str) -> frozenset[int]:
    """The statuses of a route's problem documents: its own, and those that follow from its kind."""
    found = {500, *statuses}
    if roles is not None:
        found |= {401, 403}
    # An area that does not exist is a fault of the request (422); anything else is not found.
    if set(re.findall(r"{(\w+)}", path)) - set(AREA_FIELDS):
        found.add(404)
    return frozenset(found)
