"""Endpoints: what runs when a declared route is called: its checks, the work, the answer.

`Routes` makes one for each change and each read that a feature declares.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from shared.context import ServiceContext
from shared.database.failures import is_transient
from shared.exceptions import Unavailable
from shared.http import problems
from shared.http.bulk import Check
from shared.http.declaration import Endpoint
from shared.http.reads import AuditedRead, Read
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
from shared.writer.idempotency import request_hash
from shared.writer.requests import Attempt, Done, DryRun, Request


def change_endpoint(
    method: str,
    handler: Handler,
    body: type[Command],
    roles: frozenset[Role],
    *,
    status: int,
    answer: Answer | None,
    check: Check | None,
) -> Endpoint:
    """A change: the writer runs the handler and commits before the answer goes out."""

    async def endpoint(context: ServiceContext, request: HttpRequest) -> Response:
        caller = authorize(context.site, request, roles)
        fields = await read_json(request, BODY_LIMIT)
        command = body.model_validate({**fields, **request.path_params})
        check_areas(context.site, command, caller)
        check_time(context.site, command)
        if check:
            check(context.site, command)
        # Ids are the same in upper case, in the path as in the body.
        route_key = f"{method} {request.url.path.lower()}"
        hashed = request_hash(context.site.secret, route_key, fields, command.id)
        done: Done = await context.writer.submit(Request(handler, command, caller, hashed, answer))
        return json_response(done.answer, 200 if done.repeated else status)

    return endpoint


def dry_run_endpoint(attempt: Attempt, body: type[Command], roles: frozenset[Role]) -> Endpoint:
    """A dry run: the writer tries the change and rolls it back."""

    async def endpoint(context: ServiceContext, request: HttpRequest) -> Response:
        caller = authorize(context.site, request, roles)
        fields = await read_json(request, BODY_LIMIT)
        command = body.model_validate({**fields, **request.path_params})
        check_areas(context.site, command, caller)
        return json_response(await context.writer.submit(DryRun(attempt, command, caller)), 200)

    return endpoint


def read_endpoint(
    read: Callable[[Read, Any], Any],
    query: type[BaseModel],
    path: str,
    roles: frozenset[Role] | None,
    audited: AuditedRead | None,
) -> Endpoint:
    """A read, on a thread with a consistent view; with `?reason=` it becomes the audited one."""
    known = query_names(query, path)
    with_reason = audited_endpoint(audited, query, path) if audited else None

    async def endpoint(context: ServiceContext, request: HttpRequest) -> Response:
        if with_reason and "reason" in request.query_params:
            return await with_reason(context, request)
        caller = None if roles is None else authorize(context.site, request, roles)
        html = prefers_html(request.headers.get("accept", ""))
        # People who pass on the link of a public page may add parameters of their own.
        if caller is not None or not html:
            refuse_unknown_query(request, known)
        parameters = query.model_validate({**request.query_params, **request.path_params})
        check_areas(context.site, parameters, caller)
        language = problems.language_of(request)

        def run(session: Session, now: datetime) -> Any:
            return read(Read(session, caller, now, context.site, language, html), parameters)

        found = await _read(context, run)
        return found if isinstance(found, Response) else json_response(found, 200)

    return endpoint


async def _read(context: ServiceContext, run: Callable[[Session, datetime], Any]) -> Any:
    """Run a read on a thread with a consistent view; raises Unavailable."""

    def with_session() -> Any:
        with context.database.reading() as session:
            return run(session, context.site.clock.now())

    try:
        return await run_in_threadpool(with_session)
    except Exception as error:
        if is_transient(error):
            raise Unavailable(str(error)) from error
        raise


def audited_endpoint(audited: AuditedRead, query: type[BaseModel], path: str) -> Endpoint:
    """An audited read: the writer runs it, and records who read what."""
    allowed = frozenset(audited.roles)
    known = query_names(query, path)

    async def endpoint(context: ServiceContext, request: HttpRequest) -> Response:
        caller = authorize(context.site, request, allowed)
        refuse_unknown_query(request, known)
        parameters = query.model_validate({**request.query_params, **request.path_params})
        check_areas(context.site, parameters, caller)
        audited_request = Request(audited.handler, parameters, caller, None, audited.answer)
        done: Done = await context.writer.submit(audited_request)
        return json_response(done.answer, 200)

    return endpoint
