"""Server-sent events: what is committed here, as a stream of frames to one client.

A feature says `stream(routes, path, subscribe, Query, roles=…)`, where `subscribe` is a plain
function that selects what this caller is sent. A browser's EventSource cannot send headers, so the
token may also stand in the query as `access_token`; it is never logged.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import BaseModel
from starlette.requests import Request as HttpRequest
from starlette.responses import Response, StreamingResponse

from shared.context import ServiceContext
from shared.events.envelope import Recorded
from shared.http import problems
from shared.http.declaration import AreaCheck, Endpoint, Roles
from shared.http.requests import (
    authorize_token,
    bearer_token,
    check_areas,
    query_names,
    refuse_unknown_query,
)
from shared.http.routes import Routes
from shared.i18n.catalogue import Language
from shared.live import Broadcaster, Kinds, Wants
from shared.security.roles import Role
from shared.security.tokens import Caller, InvalidToken
from shared.site import Site

BEAT_SECONDS = 15.0
RETRY_MILLISECONDS = 2000
HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


@dataclass(frozen=True, slots=True)
class Watch:
    """Who watches: the caller, the site, and the language preferred."""

    caller: Caller
    site: Site
    language: Language


@dataclass(frozen=True, slots=True)
class Selection:
    """What a client is sent: the kinds of event, which of these, and a frame's data."""

    kinds: Kinds
    wants: Wants
    data: Callable[[Recorded[Any]], Mapping[str, Any]]


def stream(
    routes: Routes,
    path: str,
    subscribe: Callable[[Watch, Any], Selection],
    query: type[BaseModel],
    *,
    returns: type[BaseModel],
    roles: Roles,
) -> None:
    """Declare a stream; `query` holds what may stand in the query string, `returns` is the model
    of a frame's data.

    `Last-Event-ID` names the last frame the client had. The stream ends when the client leaves or
    lags, when its token ends, and when the server stops.
    """
    allowed = frozenset(roles)
    routes.raw(
        path,
        _endpoint(path, subscribe, query, allowed),
        subscribe,
        returns={"text/event-stream": returns},
        roles=allowed,
        query=query,
        area=AreaCheck.SCOPE,
        refuses=(422,),
        token_in_query=True,
    )


def _endpoint(
    path: str,
    subscribe: Callable[[Watch, Any], Selection],
    query: type[BaseModel],
    allowed: frozenset[Role],
) -> Endpoint:
    known = query_names(query, path) | {"access_token"}

    async def endpoint(context: ServiceContext, request: HttpRequest) -> Response:
        token = bearer_token(request) or request.query_params.get("access_token", "")
        caller = authorize_token(context.site, token, allowed)
        refuse_unknown_query(request, known)
        parameters = query.model_validate(dict(request.query_params))
        check_areas(context.site, parameters, caller)
        watch = Watch(caller, context.site, problems.language_of(request))

        def token_valid() -> bool:
            try:
                context.site.tokens.verify(token)
            except InvalidToken:
                return False
            return True

        last_seen = request.headers.get("last-event-id", "")
        sent = frames(context.live, subscribe(watch, parameters), last_seen, token_valid)
        return StreamingResponse(sent, headers=HEADERS, media_type="text/event-stream")

    return endpoint


async def frames(
    live: Broadcaster,
    selection: Selection,
    last_seen: str,
    token_valid: Callable[[], bool],
    beat_seconds: float = BEAT_SECONDS,
) -> AsyncIterator[bytes]:
    """The frames of one stream: first what came since `last_seen`, then what comes.

    A frame `gap` says that events since `last_seen` are no longer kept. A comment is sent after
    `beat_seconds` without an event, so that no proxy takes the connection for dead.
    """
    subscription = live.subscribe(selection.wants)
    try:
        # No await between subscribing and reading the past events, or a frame would be sent twice.
        missed = _missed(live, selection, last_seen)
        yield f"retry: {RETRY_MILLISECONDS}\n\n".encode() + missed
        while token_valid():
            found = await subscription.take_all(beat_seconds)
            if subscription.ended:
                return
            yield b"".join(_frame(selection, one) for one in found) or b": beat\n\n"
    finally:
        live.unsubscribe(subscription)


def _missed(live: Broadcaster, selection: Selection, last_seen: str) -> bytes:
    if not last_seen:
        return b""
    service, _, sequence = last_seen.rpartition("-")
    missed = None
    if sequence.isascii() and sequence.isdigit():
        missed = live.since(service, int(sequence), selection.kinds)
    if missed is None:
        return b"event: gap\ndata: {}\n\n"
    return b"".join(_frame(selection, one) for one in missed if selection.wants(one))


def _frame(selection: Selection, recorded: Recorded[Any]) -> bytes:
    head = f"id: {recorded.service}-{recorded.sequence}\nevent: {recorded.data.name}\ndata: "
    return head.encode() + orjson.dumps(selection.data(recorded)) + b"\n\n"
