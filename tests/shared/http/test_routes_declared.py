"""What every route declares: its answer, its roles, its area check; and that this is so. P2."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from openapi_spec_validator import validate
from pydantic import BaseModel

from bulwark.registry import SERVICES
from bulwark.server.routes import every_route, routes_of
from services.alerts.elections.handlers import TEXTS
from shared.http.declaration import AreaCheck, Route, UncheckedArea
from shared.http.openapi import document
from shared.http.routes import Routes
from shared.security.roles import Role
from shared.writer.commands import Command
from tests.support import declared
from tests.support.harness import Client, Node, new_id

ROUTES = [route for routes in every_route().values() for route in routes]
OF_SERVICES = [route for service in SERVICES.values() for route in routes_of(service.name)]
AREA = "220581002001"
ELSEWHERE = "220582"


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for service in SERVICES.values():
        paths = document(service.name, routes_of(service.name))["paths"]
        for path, methods in paths.items():
            for method, operation in methods.items():
                yield f"{method.upper()} {path}", operation


OPERATIONS = dict(operations())


def asked(route: Route, area: str = AREA) -> str:
    """The path of a route with something in the place of its names."""
    values = {"code": area, "date": "2026-12-01", "service": "intake", "event": "person_erased"}
    return route.path.format_map({name: values.get(name, new_id()) for name in route.tokens})


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_every_route_has_a_summary_in_both_languages(route: Route) -> None:
    for message in (route.message, f"tag.{route.tag}"):
        assert route.texts.has(message, "zh")
        assert route.texts.has(message, "en")


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_says_what_it_answers_and_whom_it_lets_in(name: str) -> None:
    operation = OPERATIONS[name]
    assert operation["summary"]
    assert operation["security"] is not None
    answers = [one for status, one in operation["responses"].items() if status.startswith("2")]
    assert answers
    for answer in answers:
        for media_type, content in answer["content"].items():
            is_json = media_type.endswith("json") or media_type == "text/event-stream"
            assert ("$ref" in content["schema"]) == is_json


@pytest.mark.parametrize("service", SERVICES)
def test_document_is_valid_when_a_validator_judges_it(service: str) -> None:
    found = document(service, routes_of(service))
    validate(found)
    found["paths"]["/lost"] = {"get": {"responses": {"200": {"$ref": "#/components/nowhere"}}}}
    with pytest.raises(Exception, match="nowhere"):
        validate(found)


class Nameless(BaseModel):
    """What names no area."""


class NamelessChange(Command):
    """A change that names no area."""


def test_route_is_refused_when_it_does_not_say_how_areas_are_checked() -> None:
    routes = Routes("/alerts", "elections", TEXTS)
    with pytest.raises(UncheckedArea, match="/lost"):
        routes.post("/lost", lambda _tx, _command: (), NamelessChange, roles=tuple(Role))
    with pytest.raises(UncheckedArea, match="/lost"):
        routes.get("/lost", lambda _r, _q: {}, Nameless, returns=Nameless, roles=tuple(Role))
    assert not routes.listed


def test_area_check_is_none_only_where_no_token_is_asked_for() -> None:
    for route in ROUTES:
        assert (route.area == (AreaCheck.NONE,)) == (route.roles is None), named(route)


@pytest.mark.requirement("P2")
def test_document_is_answered_without_a_token_when_it_is_asked_for(node: Node) -> None:
    for name, service in SERVICES.items():
        answer = node.anyone.get(f"/{name}/openapi.json")
        assert answer.headers["content-type"] == "application/json"
        found = answer.json()
        for route in routes_of(service.name):
            assert route.method.lower() in found["paths"][route.path]
        assert {f"/{name}/livez", f"/{name}/readyz"} <= found["paths"].keys()
        validate(found)


def test_routes_of_the_process_answer_when_they_are_asked(node: Node) -> None:
    for route in every_route()[""]:
        answer = node.anyone.get(route.path)
        assert answer.status_code in route.answers, named(route)


def sent(client: Client, route: Route, path: str) -> httpx.Response:
    return client.request(route.method, path, **({"json": {}} if route.takes else {}))


def test_no_route_answers_when_the_role_is_none_that_it_declares(node: Node) -> None:
    callers = {role: node.client(role, AREA) for role in Role}
    for route in OF_SERVICES:
        path = asked(route)
        if route.roles is None:
            assert sent(node.anyone, route, path).status_code in (200, 404), named(route)
            continue
        assert sent(node.anyone, route, path).status_code == 401, named(route)
        for role in set(Role) - route.roles:
            answer = sent(callers[role], route, path)
            assert (answer.status_code, answer.json()["type"]) == (403, "forbidden"), named(route)


def test_no_route_answers_when_the_area_in_its_path_is_elsewhere(node: Node) -> None:
    found = [route for route in OF_SERVICES if AreaCheck.PATH in route.area and not route.takes]
    assert found
    for route in found:
        for role in route.roles or ():
            stranger = node.client(role, ELSEWHERE)
            assert sent(stranger, route, asked(route)).status_code == 403, named(route)


def answered(status: int, body: Any, kind: str = "application/json") -> httpx.Response:
    return httpx.Response(status, json=body, headers={"content-type": kind})


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/alerts/elections", answered(200, {"items": []})),
        ("/alerts/elections", answered(200, {"items": [], "next": None, "more": 1})),
        ("/alerts/elections", answered(200, {"items": [{"id": 1}], "next": None})),
        ("/alerts/elections", answered(410, {})),
        ("/alerts/elections", answered(200, {"items": [], "next": None}, "text/plain")),
        ("/alerts/elections", answered(403, {"type": "forbidden"}, "application/problem+json")),
        ("/intake/livez", answered(200, {"alive": "yes"})),
        ("/nowhere", answered(200, {})),
    ],
)
def test_answer_fails_a_test_when_it_is_not_what_is_declared(
    path: str, answer: httpx.Response
) -> None:
    with pytest.raises(AssertionError, match=path):
        declared.check("GET", path, answer)


def test_answer_passes_when_it_is_what_is_declared() -> None:
    declared.check("GET", "/alerts/elections", answered(200, {"items": [], "next": None}))
