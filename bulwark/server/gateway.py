"""One HTTP origin for the services of a process, routed by the first path segment."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from bulwark.server.front_routes import probe_routes, process_routes
from bulwark.server.gauges import ProcessGauges
from shared.http.app import build_app
from shared.http.declaration import Route
from shared.http.responses import json_response
from shared.metrics import names as metrics
from shared.metrics.gauges import GaugeCollector, Probe
from shared.runtime.gauges import ServiceGauges
from shared.runtime.runtime import Runtime

COUNTY_DIGITS = 6
STORE_KEPT_SECONDS = 30.0


class Front:
    """The ASGI application of a process."""

    def __init__(self, runtimes: Sequence[Runtime], process: ProcessGauges | None = None) -> None:
        self._runtimes = {runtime.service.name: runtime for runtime in runtimes}
        self._gauges = [ServiceGauges(runtime) for runtime in runtimes]
        self._process = process
        # They share one broker, so the first one asks for all.
        self._bus = runtimes[0].bus
        read_store = process.store if process is not None and process.store else self._bus.store
        errors = metrics.PROBE_ERRORS.labels(runtimes[0].service.name, "store")
        self._store = Probe(read_store, STORE_KEPT_SECONDS, errors.inc)
        self._apps: dict[str, ASGIApp] = {}
        for runtime in runtimes:
            service = runtime.service
            app = build_app(service.name, service.routes, runtime.context, probes_of(service.name))
            self._apps[runtime.service.name] = app
            for routes in runtime.service.routes:
                for route in routes.listed:
                    self._apps.setdefault(route.path.split("/")[1], app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer probes and /metrics here, pass everything else to its service."""
        if scope["type"] != "http":
            return
        segments = scope["path"].split("/")
        probe = segments[-1] if len(segments) <= 3 else ""
        if probe == "metrics":
            response = await self._metrics()
        elif probe in ("livez", "readyz"):
            response = self._probe(probe, segments[1:-1])
        elif scope["path"] == "/":
            response = self._home()
        else:
            app = self._apps.get(segments[1])
            if app is not None:
                await app(scope, receive, send)
                return
            language = Request(scope).headers.get("accept-language", "")
            response = _nothing_here(language)
        await response(scope, receive, send)

    def _home(self) -> Response:
        """To the public page of the smallest area that holds the whole tree: the county's."""
        areas = next(iter(self._runtimes.values())).site.areas
        at = areas.roots()
        while len(at) == 1 and len(at[0].code) < COUNTY_DIGITS:
            below = areas.children(at[0].code)
            if len(below) != 1:
                break
            at = below
        page = f"/public/areas/{at[0].code if at else ''}"
        return Response(status_code=307, headers={"location": page})

    async def _metrics(self) -> Response:
        collector = GaugeCollector()
        jumped = any(runtime.ticker.stopped_by_jump for runtime in self._runtimes.values())
        collector.set(metrics.CLOCK_JUMPED, int(jumped))
        await asyncio.gather(*(gauges.collect(collector) for gauges in self._gauges))
        store = await self._store.latest() if self._bus.connected else None
        if store is not None:
            collector.set(metrics.STORE_BYTES, store.used)
            if store.limit is not None:
                collector.set(metrics.STORE_LIMIT_BYTES, store.limit)
        body = await asyncio.to_thread(self._written, collector)
        return Response(body, headers={"content-type": CONTENT_TYPE_LATEST})

    def _written(self, collector: GaugeCollector) -> bytes:
        if self._process is not None:
            self._process.collect(collector)
        return generate_latest() + generate_latest(collector)

    async def close(self) -> None:
        """Stop the probes that are running, before the services stop."""
        await self._store.close()
        for gauges in self._gauges:
            await gauges.close()

    def _probe(self, probe: str, service: Sequence[str]) -> Response:
        if service and service[0] not in self._runtimes:
            return _nothing_here("")
        chosen = [self._runtimes[service[0]]] if service else list(self._runtimes.values())
        return self._livez(chosen) if probe == "livez" else self._readyz(chosen)

    def _livez(self, chosen: Sequence[Runtime]) -> Response:
        failed = [runtime for runtime in chosen if runtime.failure is not None]
        return json_response({"alive": not failed}, 503 if failed else 200)

    def _readyz(self, chosen: Sequence[Runtime]) -> Response:
        ready = all(runtime.ready for runtime in chosen)
        parts: dict[str, Any] = {
            runtime.service.name: {"ready": runtime.ready, **runtime.health()} for runtime in chosen
        }
        return json_response({"ready": ready, "services": parts}, 200 if ready else 503)


def front_routes(services: Iterable[str]) -> list[Route]:
    """What a process of these services answers itself."""
    return [
        *process_routes(Front._home, Front._metrics),
        *probe_routes("", Front._livez, Front._readyz),
        *(route for name in services for route in probes_of(name)),
    ]


def probes_of(service: str) -> list[Route]:
    """The probes of one service."""
    return probe_routes(f"/{service}", Front._livez, Front._readyz)


def _nothing_here(language: str) -> Response:
    from shared.i18n.catalogue import preferred_language
    from shared.i18n.messages import TEXTS

    title = TEXTS.text("problem.not-found", preferred_language(language))
    response = json_response({"type": "not-found", "title": title, "status": 404}, 404)
    response.headers["content-type"] = "application/problem+json"
    return response
