"""HTTP: routes declared by features.

A feature says `routes.post(path, handler, Body, roles=…)`: the body is parsed, the caller's role
and area are checked, the writer does it, and the answer goes out after the commit. A read says
`routes.get(path, function, Query, returns=Model, roles=…)` and runs on a thread with a consistent
view. Where no field of the body or query is an area, `area=` says how the caller's is checked.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from shared.context import ServiceContext
from shared.database.failures import is_transient
from shared.events.base import Event
from shared.exceptions import Unavailable
from shared.http import problems
from shared.http.answers import BulkAnswer, Identified
from shared.http.bulk import Check, accept_lines
from shared.http.declaration import (
    JSON,
    NDJSON,
    AreaCheck,
    Content,
    Endpoint,
    Roles,
    Route,
    WithReason,
    area_checks,
    refusals,
)
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
from shared.i18n.catalogue import Catalogue
from shared.writer.commands import Answer, Command, Handler
from shared.writer.handlers import Tx
from shared.writer.idempotency import request_hash
from shared.writer.requests import Attempt, Bulk, Done, DryRun, Request


@dataclass
class Routes:
    """The routes of one feature, under a prefix such as `/intake`; `texts` hold their summaries."""

    prefix: str
    tag: str
    texts: Catalogue
    listed: list[Route] = field(default_factory=list)

    def post(
        self,
        path: str,
        handler: Handler,
        body: type[Command],
        *,
        roles: Roles,
        returns: Content = Identified,
        area: AreaCheck | None = None,
        status: int = 201,
        answer: Answer | None = None,
        check: Check | None = None,
        method: str = "POST",
        refuses: Iterable[int] = (),
    ) -> None:
        """A change. `check` refuses what no look at the stored rows is needed for.

        `refuses` are statuses of refusals besides those that every change can have.
        """
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
            return json_response(done.answer, 200 if done.repeated else status)

        # The same request again answers 200.
        answers = {status: returns, 200: returns}
        told = refusals(409, 413, 422, 503, roles=roles, path=path, besides=refuses)
        self._add(method, path, endpoint, handler, roles, body, area, answers, told, JSON)

    def put(self, path: str, handler: Handler, body: type[Command], **options: Any) -> None:
        """A change that answers 200."""
        self.post(path, handler, body, status=200, method="PUT", **options)

    def patch(self, path: str, handler: Handler, body: type[Command], **options: Any) -> None:
        """A change of some fields that answers 200."""
        self.post(path, handler, body, status=200, method="PATCH", **options)

    def dry_run(
        self, path: str, attempt: Attempt, body: type[Command], *, returns: Content, roles: Roles
    ) -> None:
        """What a change would do: the writer tries it out and undoes it; nothing is stored."""
        allowed = frozenset(roles)

        async def endpoint(context: ServiceContext, request: HttpRequest) -> Response:
            caller = authorize(context.site, request, allowed)
            asked = await read_json(request, BODY_LIMIT)
            wish = body.model_validate({**asked, **request.path_params})
            check_areas(context.site, wish, caller)
            return json_response(await context.writer.submit(DryRun(attempt, wish, caller)), 200)

        told = refusals(413, 422, 503, roles=roles, path=path)
        self._add("POST", path, endpoint, attempt, roles, body, None, {200: returns}, told, JSON)

    def get(
        self,
        path: str,
        read: Callable[[Read, Any], Any],
        query: type[BaseModel],
        *,
        returns: Content,
        roles: Roles | None,
        area: AreaCheck | None = None,
        opening: AuditedRead | None = None,
        refuses: Iterable[int] = (),
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

            language = problems.language_of(request)

            def look(session: Session, now: datetime) -> Any:
                return read(Read(session, caller, now, context.site, language, html), asked)

            found = await _look(context, look)
            return found if isinstance(found, Response) else json_response(found, 200)

        told = refusals(422, 503, roles=roles, path=path, besides=refuses)
        with_reason = WithReason(frozenset(opening.roles), opening.handler) if opening else None
        self._add(
            "GET",
            path,
            endpoint,
            read,
            roles,
            query,
            area,
            {200: returns},
            told,
            with_reason=with_reason,
        )

    def get_audited(
        self,
        path: str,
        handler: Handler,
        query: type[BaseModel],
        *,
        returns: Content,
        roles: Roles,
        answer: Answer,
        area: AreaCheck | None = None,
        refuses: Iterable[int] = (),
    ) -> None:
        """A read that leaves a trace, such as opening someone's data: the writer does it."""
        endpoint = _recorded(AuditedRead(handler, answer, roles), query, path)
        told = refusals(422, 503, roles=roles, path=path, besides=refuses)
        self._add("GET", path, endpoint, handler, roles, query, area, {200: returns}, told)

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

        told = refusals(413, 503, roles=roles, path=path)
        answers = {200: BulkAnswer}
        self._add("POST", path, endpoint, handler, roles, line, None, answers, told, NDJSON)

    def raw(
        self,
        path: str,
        endpoint: Endpoint,
        handler: Callable[..., Any],
        *,
        returns: Content,
        roles: Roles | None,
        query: type[BaseModel] | None = None,
        area: AreaCheck | None = None,
        refuses: Iterable[int] = (),
        token_in_query: bool = False,
    ) -> None:
        """A route that answers in its own way, such as a stream of events."""
        told = refusals(roles=roles, path=path, besides=refuses)
        self._add(
            *("GET", path, endpoint, handler, roles, query, area, {200: returns}, told),
            token_in_query=token_in_query,
        )

    def _add(
        self,
        method: str,
        path: str,
        endpoint: Endpoint,
        handler: Callable[..., Any],
        roles: Roles | None,
        asks: type[BaseModel] | None,
        area: AreaCheck | None,
        answers: Mapping[int, Content],
        told: frozenset[int],
        takes: str | None = None,
        *,
        with_reason: WithReason | None = None,
        token_in_query: bool = False,
    ) -> None:
        route = Route(
            method=method,
            path=self.prefix + path,
            tag=self.tag,
            texts=self.texts,
            endpoint=endpoint,
            handler=handler,
            roles=None if roles is None else frozenset(roles),
            area=area_checks(asks, path, roles, area),
            answers=answers,
            asks=asks,
            takes=takes,
            refusals=told,
            with_reason=with_reason,
            token_in_query=token_in_query,
        )
        self.listed.append(route)


async def _look(context: ServiceContext, look: Callable[[Session, datetime], Any]) -> Any:
    """What a read finds, on a thread with a consistent view; raises Unavailable."""

    def looked() -> Any:
        with context.database.reading() as session:
            return look(session, context.site.clock.now())

    try:
        return await run_in_threadpool(looked)
    except Exception as error:
        if is_transient(error):
            raise Unavailable(str(error)) from error
        raise


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
