"""HTTP: routes declared by features.

A feature says `routes.post(path, handler, Body, roles=…)`: the body is parsed, the caller's role
and area are checked, the writer does it, and the answer goes out after the commit. A read says
`routes.get(path, function, Query, roles=…)` and runs on a thread with a consistent view.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from shared.context import ServiceContext
from shared.database.failures import is_transient
from shared.events import Event
from shared.exceptions import Unavailable
from shared.http import problems
from shared.http.bulk import Check, accept_lines
from shared.http.openapi import described
from shared.http.reads import Read
from shared.http.requests import (
    BODY_LIMIT,
    authorize,
    check_areas,
    check_time,
    query_names,
    read_json,
    refuse_unknown_query,
)
from shared.http.responses import json_response, prefers_html
from shared.security.roles import Role
from shared.writer.commands import Answer, Command, Handler
from shared.writer.handlers import Tx
from shared.writer.idempotency import request_hash
from shared.writer.requests import Attempt, Bulk, Done, DryRun, Request

Roles = Iterable[Role]


@dataclass(frozen=True, slots=True)
class AuditedRead:
    """What a read does when it is asked with a `reason`: the writer does it, and leaves a trace."""

    handler: Handler
    answer: Answer
    roles: Roles


Endpoint = Callable[[ServiceContext, HttpRequest], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Route:
    """One declared route; `roles` None means that no token is asked for."""

    method: str
    path: str
    endpoint: Endpoint
    roles: frozenset[Role] | None
    describes: Mapping[str, Any]


@dataclass
class Routes:
    """The routes of one feature, under a prefix such as `/intake`."""

    prefix: str
    tag: str
    listed: list[Route] = field(default_factory=list)

    def post(
        self,
        path: str,
        handler: Handler,
        body: type[Command],
        *,
        roles: Roles,
        status: int = 201,
        answer: Answer | None = None,
        check: Check | None = None,
        method: str = "POST",
    ) -> None:
        """A change. `check` refuses what no look at the stored rows is needed for."""
        allowed = frozenset(roles)

        async def endpoint(context: ServiceContext, request: HttpRequest) -> Response:
            caller = authorize(context.site, request, allowed)
            asked = await read_json(request, BODY_LIMIT)
            command = body.model_validate({**asked, **request.path_params})
            check_areas(context.site, command, caller)
            check_time(context.site, command)
            if check:
                check(context.site, command)
            # Ids are the same in upper case, in the path as in the body.
            place = f"{method} {request.url.path.lower()}"
            mark = request_hash(context.site.secret, place, asked, command.id)
            done: Done = await context.writer.submit(
                Request(handler, command, caller, mark, answer)
            )
            return json_response(done.answer, 200 if done.again else status)

        self._add(
            method, path, endpoint, allowed, described(handler, body, self._tokens(path), status)
        )

    def put(self, path: str, handler: Handler, body: type[Command], **options: Any) -> None:
        """A change that answers 200."""
        self.post(path, handler, body, status=200, method="PUT", **options)

    def patch(self, path: str, handler: Handler, body: type[Command], **options: Any) -> None:
        """A change of some fields that answers 200."""
        self.post(path, handler, body, status=200, method="PATCH", **options)

    def dry_run(self, path: str, attempt: Attempt, body: type[Command], *, roles: Roles) -> None:
        """What a change would do: the writer tries it out and undoes it; nothing is stored."""
        allowed = frozenset(roles)

        async def endpoint(context: ServiceContext, request: HttpRequest) -> Response:
            caller = authorize(context.site, request, allowed)
            asked = await read_json(request, BODY_LIMIT)
            wish = body.model_validate({**asked, **request.path_params})
            check_areas(context.site, wish, caller)
            return json_response(await context.writer.submit(DryRun(attempt, wish, caller)), 200)

        self._add(
            "POST", path, endpoint, allowed, described(attempt, body, self._tokens(path), 200)
        )

    def get(
        self,
        path: str,
        read: Callable[[Read, Any], Any],
        query: type[BaseModel],
        *,
        roles: Roles | None,
        opening: AuditedRead | None = None,
    ) -> None:
        """A read; `query` holds what stands in the path and behind the question mark.

        With an `opening`, `?reason=` asks for more than the read shows.
        """
        allowed = None if roles is None else frozenset(roles)
        opened = _recorded(opening, query, path) if opening else None
        known = query_names(query, path)

        async def endpoint(context: ServiceContext, request: HttpRequest) -> Response:
            if opened and "reason" in request.query_params:
                return await opened(context, request)
            caller = None if allowed is None else authorize(context.site, request, allowed)
            html = prefers_html(request.headers.get("accept", ""))
            # To the link of a public page, those who pass it on add what they like.
            if caller is not None or not html:
                refuse_unknown_query(request, known)
            asked = query.model_validate({**request.query_params, **request.path_params})
            check_areas(context.site, asked, caller)

            def look() -> Any:
                with context.database.reading() as session:
                    now = context.site.clock.now()
                    language = problems.language_of(request)
                    return read(Read(session, caller, now, context.site, language, html), asked)

            try:
                found = await run_in_threadpool(look)
            except Exception as error:
                if is_transient(error):
                    raise Unavailable(str(error)) from error
                raise
            return found if isinstance(found, Response) else json_response(found, 200)

        self._add("GET", path, endpoint, allowed, described(read, query, self._tokens(path), 200))

    def get_audited(
        self, path: str, handler: Handler, query: type[BaseModel], *, roles: Roles, answer: Answer
    ) -> None:
        """A read that leaves a trace, such as opening someone's data: the writer does it."""
        endpoint = _recorded(AuditedRead(handler, answer, roles), query, path)
        describes = described(handler, query, self._tokens(path), 200)
        self._add("GET", path, endpoint, frozenset(roles), describes)

    def bulk(
        self,
        path: str,
        handler: Callable[[Tx, Sequence[Any]], Iterable[Event]],
        line: type[Command],
        *,
        roles: Roles,
        check: Check | None = None,
    ) -> None:
        """Many commands of one kind, one JSON object a line (NDJSON)."""
        allowed = frozenset(roles)
        # The same line sent alone must be known again.
        route = f"POST {self.prefix}{path.removesuffix('/bulk')}"

        async def endpoint(context: ServiceContext, request: HttpRequest) -> Response:
            caller = authorize(context.site, request, allowed)

            def work(lines: Sequence[Any]) -> Bulk:
                return Bulk(handler, lines, caller)

            answer = await accept_lines(context, request, line, caller, route, check, work)
            return json_response(answer, 200)

        self._add("POST", path, endpoint, allowed, described(handler, line, (), 200, lines=True))

    def raw(self, path: str, endpoint: Endpoint, *, roles: Roles | None, summary: str) -> None:
        """A route that answers in its own way, such as a stream of events."""
        allowed = None if roles is None else frozenset(roles)
        self._add("GET", path, endpoint, allowed, {"summary": summary})

    def _tokens(self, path: str) -> tuple[str, ...]:
        return tuple(re.findall(r"{(\w+)}", path))

    def _add(
        self,
        method: str,
        path: str,
        endpoint: Endpoint,
        roles: frozenset[Role] | None,
        describes: Mapping[str, Any],
    ) -> None:
        self.listed.append(Route(method, self.prefix + path, endpoint, roles, describes))


def _recorded(opening: AuditedRead, query: type[BaseModel], path: str) -> Endpoint:
    allowed = frozenset(opening.roles)
    known = query_names(query, path)

    async def endpoint(context: ServiceContext, request: HttpRequest) -> Response:
        caller = authorize(context.site, request, allowed)
        refuse_unknown_query(request, known)
        asked = query.model_validate({**request.query_params, **request.path_params})
        check_areas(context.site, asked, caller)
        request_ = Request(opening.handler, asked, caller, None, opening.answer)
        done: Done = await context.writer.submit(request_)
        return json_response(done.answer, 200)

    return endpoint
