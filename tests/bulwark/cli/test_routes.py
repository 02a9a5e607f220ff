"""`bulwark routes`, and the page of the docs that it makes."""

import json

from bulwark.server import routes
from shared.security.roles import Role
from tests.support.command import bulwark
from tests.support.paths import ROOT

PAGE = ROOT / "docs" / "routes.md"


def test_page_of_the_docs_is_what_the_command_makes() -> None:
    assert PAGE.read_text(encoding="utf-8") == routes.markdown(), "make generated"


def test_page_of_the_docs_is_printed_when_markdown_is_asked_for() -> None:
    done = bulwark("routes", "--markdown")
    assert done.returncode == 0, done.stderr
    assert done.stdout == routes.markdown()


def test_every_route_is_in_the_table_when_it_is_printed() -> None:
    done = bulwark("routes")
    assert done.returncode == 0, done.stderr
    head, *lines = [line.split() for line in done.stdout.splitlines()]
    assert head == ["METHOD", "PATH", "ROLES", "AREA", "HANDLER"]
    assert [tuple(line[:2]) for line in lines] == [row[1:3] for row in routes.rows()]
    for path in ("/", "/metrics", "/livez", "/intake/readyz", "/stream", "/rollup/docs"):
        assert ["GET", path] in [line[:2] for line in lines]


def test_rows_say_roles_area_and_handler_when_json_is_asked_for() -> None:
    done = bulwark("routes", "--json")
    assert done.returncode == 0, done.stderr
    found = {(row["method"], row["path"]): row for row in json.loads(done.stdout)}
    assert len(found) == len(routes.rows())
    changed = found["PATCH", "/intake/people/{person_id}"]
    assert changed == {
        "service": "intake",
        "method": "PATCH",
        "path": "/intake/people/{person_id}",
        "roles": ["recorder", "health", "command", "lead", "coordinator"],
        "area": ["body", "row"],
        "handler": "services.intake.people.handlers:update",
    }
    opened = found["GET", "/intake/people/{person_id}?reason="]
    assert opened["handler"] == "services.intake.people.handlers:open_person"
    assert opened["roles"] == ["recorder", "health", "command", "lead"]
    assert found["GET", "/alerts/venues"]["roles"] == [role.value for role in Role]
    assert found["GET", "/public/areas/{code}"]["roles"] is None
    assert found["GET", "/alerts/why/{id}"]["handler"] == "shared.http.explain:why"
