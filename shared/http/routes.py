"""HTTP: routes declared by features.

A feature says `routes.post(path, handler, Body, roles=…)`: the body is parsed, the caller's role
and area are checked, the writer does it, and the answer goes out after the commit. A read says
`routes.get(path, function, Query, returns=Model, roles=…)` and runs on a thread with a consistent
view. Where no field of the body or query is an area, `area=` says how the caller's is checked.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from shared.context import ServiceContext
from shared.events.base import Event
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
from shared.http.endpoints import (
    audited_endpoint,
    change_endpoint,
    dry_run_endpoint,
    read_endpoint,
)
from shared.http.reads import AuditedRead, Read
from shared.http.requests import authorize
from shared.http.responses import json_response
from shared.i18n.catalogue import Catalogue
from shared.security.roles import Role
from shared.writer.commands import Answer, Command, Handler
from shared.writer.handlers import Tx
from shared.writer.requests import Attempt, Bulk


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
        """A change. `check` rejects what can be rejected without reading stored rows; `refuses` are
        statuses of rejections besides those that every change can have."""
        allowed = frozenset(roles)
        self._add(
            method=method,
            path=path,
            endpoint=change_endpoint(
                method, handler, body, allowed, status=status, answer=answer, check=check
            ),
            handler=handler,
            roles=allowed,
            area=area,
            # The same request again answers 200.
            answers={status: returns, 200: returns},
            asks=body,
            takes=JSON,
            rejections=(409, 413, 422, 503, *refuses),
        )

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
        self._add(
            method="POST",
            path=path,
            endpoint=dry_run_endpoint(attempt, body, allowed),
            handler=attempt,
            roles=allowed,
            answers={200: returns},
            asks=body,
            takes=JSON,
            rejections=(413, 422, 503),
        )

    def get(
        self,
        path: str,
        read: Callable[[Read, Any], Any],
        query: type[BaseModel],
        *,
        returns: Content,
        roles: Roles | None,
        area: AreaCheck | None = None,
        audited: AuditedRead | None = None,
        refuses: Iterable[int] = (),
    ) -> None:
        """A read; `query` holds what stands in the path and in the query string.

        With `audited`, `?reason=` asks for more than the read shows.
        """
        allowed = None if roles is None else frozenset(roles)
        with_reason = WithReason(frozenset(audited.roles), audited.handler) if audited else None
        self._add(
            method="GET",
            path=path,
            endpoint=read_endpoint(read, query, path, allowed, audited),
            handler=read,
            roles=allowed,
            area=area,
            answers={200: returns},
            asks=query,
            rejections=(422, 503, *refuses),
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
        """A read that is recorded in the audit log, such as someone's data: the writer does it."""
        allowed = frozenset(roles)
        self._add(
            method="GET",
            path=path,
            endpoint=audited_endpoint(AuditedRead(handler, answer, allowed), query, path),
            handler=handler,
            roles=allowed,
            area=area,
            answers={200: returns},
            asks=query,
            rejections=(422, 503, *refuses),
        )

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
        # The same line sent alone must be recognised as a repetition.
        route_key = f"POST {self.prefix}{path.removesuffix('/bulk')}"

        async def endpoint(context: ServiceContext, request: HttpRequest) -> Response:
            caller = authorize(context.site, request, allowed)

            def work(lines: Sequence[Any]) -> Bulk:
                return Bulk(handler, lines, caller)

            answer = await accept_lines(context, request, line, caller, route_key, check, work)
            return json_response(answer, 200)

        self._add(
            method="POST",
            path=path,
            endpoint=endpoint,
            handler=handler,
            roles=allowed,
            answers={200: BulkAnswer},
            asks=line,
            takes=NDJSON,
            rejections=(413, 503),
        )

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
        self._add(
            method="GET",
            path=path,
            endpoint=endpoint,
            handler=handler,
            roles=None if roles is None else frozenset(roles),
            area=area,
            answers={200: returns},
            asks=query,
            rejections=refuses,
            token_in_query=token_in_query,
        )

    def _add(
        self,
        *,
        method: str,
        path: str,
        endpoint: Endpoint,
        handler: Callable[..., Any],
        roles: frozenset[Role] | None,
        answers: Mapping[int, Content],
        asks: type[BaseModel] | None,
        rejections: Iterable[int],
        area: AreaCheck | None = None,
        takes: str | None = None,
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
            roles=roles,
            area=area_checks(asks, path, roles, area),
            answers=answers,
            asks=asks,
            takes=takes,
            refusals=refusals(*rejections, roles=roles, path=path),
            with_reason=with_reason,
            token_in_query=token_in_query,
        )
        self.listed.append(route)
