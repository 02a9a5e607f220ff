"""One origin for the services of a process: requests go to whoever owns the first path segment."""

from collections.abc import Sequence
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.application import build_app
from shared.http import json_response
from shared.runtime import Runtime

COUNTY_DIGITS = 6


class Front:
    """The ASGI application of a process."""

    def __init__(self, runtimes: Sequence[Runtime]) -> None:
        self._runtimes = {runtime.service.name: runtime for runtime in runtimes}
        self._apps: dict[str, ASGIApp] = {}
        for runtime in runtimes:
            app = build_app(runtime)
            self._apps[runtime.service.name] = app
            for routes in runtime.service.routes:
                for route in routes.listed:
                    self._apps.setdefault(route.path.split("/")[1], app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer probes here, pass everything else on."""
        if scope["type"] != "http":
            return
        segments = scope["path"].split("/")
        probe = segments[-1] if len(segments) <= 3 else ""
        if probe in ("livez", "readyz", "metrics"):
            response = self._probe(probe, segments[1:-1])
        elif scope["path"] == "/":
            response = Response(status_code=307, headers={"location": self._home()})
        else:
            app = self._apps.get(segments[1])
            if app is not None:
                await app(scope, receive, send)
                return
            language = Request(scope).headers.get("accept-language", "")
            response = _nothing_here(language)
        await response(scope, receive, send)

    def _home(self) -> str:
        """The public page of the smallest area that holds the whole tree: the county's."""
        areas = next(iter(self._runtimes.values())).site.areas
        at = areas.roots()
        while len(at) == 1 and len(at[0].code) < COUNTY_DIGITS:
            below = areas.children(at[0].code)
            if len(below) != 1:
                break
            at = below
        return f"/public/areas/{at[0].code if at else ''}"

    def _probe(self, probe: str, service: Sequence[str]) -> Response:
        if probe == "metrics":
            return Response(generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST})
        if service and service[0] not in self._runtimes:
            return _nothing_here("")
        asked = [self._runtimes[service[0]]] if service else list(self._runtimes.values())
        if probe == "livez":
            failed = [runtime for runtime in asked if runtime.failure is not None]
            return json_response({"alive": not failed}, 503 if failed else 200)
        ready = all(runtime.ready for runtime in asked)
        parts: dict[str, Any] = {
            runtime.service.name: {"ready": runtime.ready, **runtime.health()} for runtime in asked
        }
        return json_response({"ready": ready, "services": parts}, 200 if ready else 503)


def _nothing_here(language: str) -> Response:
    from shared.text import preferred_language
    from shared.texts import TEXTS

    title = TEXTS.text("problem.not-found", preferred_language(language))
    response = json_response({"type": "not-found", "title": title, "status": 404}, 404)
    response.headers["content-type"] = "application/problem+json"
    return response
