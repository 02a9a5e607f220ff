"""The HTTP application of one running service, made of the routes that its features declare."""

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fastapi import FastAPI
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from shared.context import ServiceContext
from shared.http import problems
from shared.http.declaration import Endpoint, Route
from shared.http.docs import docs_routes
from shared.http.routes import Routes
from shared.metrics import names as metrics

# Not sent, only counted: the client had gone.
CLIENT_LEFT = 499


def build_app(
    service: str, features: Sequence[Routes], context: ServiceContext, also: Sequence[Route] = ()
) -> FastAPI:
    """The application of one running service; `also` are routes of its name answered elsewhere,
    which its document tells of."""
    # The document is our own, made of the declarations when somebody asks for it.
    app = FastAPI(openapi_url=None)
    for routes in (*features, docs_routes(service, features, also)):
        for route in routes.listed:
            assert route.endpoint is not None
            app.add_api_route(
                route.path,
                _bound(service, context, route.endpoint, f"{route.method} {route.path}"),
                methods=[route.method],
                name=f"{route.method} {route.path}",
                response_model=None,
                include_in_schema=False,
            )
    problems.install(app)
    return app


def _bound(
    service: str, context: ServiceContext, route: Endpoint, name: str
) -> Callable[[HttpRequest], Awaitable[Response]]:
    seconds = metrics.HTTP_SECONDS
    children: dict[int, Any] = {}

    async def endpoint(request: HttpRequest) -> Response:
        began = time.perf_counter()
        try:
            response = await route(context, request)
        except ClientDisconnect:
            # Nobody is there to read it; the number is for the metrics alone.
            response = Response(status_code=CLIENT_LEFT)
        except Exception as error:  # noqa: BLE001 - every error becomes a problem document
            response = await problems.answer(request, error)
        status = response.status_code
        child = children.get(status)
        if child is None:
            child = children[status] = seconds.labels(service, name, str(status))
        child.observe(time.perf_counter() - began)
        return response

    return endpoint
