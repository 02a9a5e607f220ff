"""What a service says of its own HTTP: the OpenAPI document, and the same as a page.

Both are made when somebody first asks for them, from the declarations alone, and ask no other host
for anything.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from shared.context import ServiceContext
from shared.http.answers import JsonDocument
from shared.http.declaration import JSON, Endpoint, Route
from shared.http.openapi import Schema, document
from shared.http.routes import Routes
from shared.i18n.messages import TEXTS

HEADERS = {"cache-control": "public, max-age=300"}
HTML = "text/html; charset=utf-8"
# The page needs nothing from anywhere, so nothing is allowed in.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def service_routes(service: str, features: Sequence[Routes]) -> list[Route]:
    """Every route of a service, with those of its own documents."""
    every = (*features, docs_routes(service, features))
    return [route for routes in every for route in routes.listed]


def docs_routes(service: str, features: Sequence[Routes], also: Sequence[Route] = ()) -> Routes:
    """`/<service>/openapi.json` and `/<service>/docs`, without a token."""
    routes = Routes(f"/{service}", "docs", TEXTS)

    @cache
    def described() -> Schema:
        listed = [route for one in (*features, routes) for route in one.listed]
        return document(f"Bulwark {service}", [*listed, *also])

    def openapi() -> bytes:
        return orjson.dumps(described())

    def docs() -> bytes:
        from shared.http.docs_page import page

        return page(service, described()).encode()

    plain = {**HEADERS, "content-type": JSON}
    html = {**HEADERS, "content-type": HTML, "content-security-policy": POLICY}
    for path, make, headers, content in (
        ("/openapi.json", openapi, plain, JsonDocument),
        ("/docs", docs, html, {"text/html": None}),
    ):
        routes.raw(path, _kept(make, headers), make, returns=content, roles=None)
    return routes


def _kept(make: Callable[[], bytes], headers: Mapping[str, str]) -> Endpoint:
    made = cache(make)

    async def endpoint(_runtime: ServiceContext, _request: HttpRequest) -> Response:
        return Response(await run_in_threadpool(made), headers=headers)

    return endpoint
