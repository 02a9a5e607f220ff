"""An event is published when its service makes it, and not before."""

import ast
from collections.abc import Iterator

import pytest

from shared.events.registry import SERVICES, all_events
from tests.support.paths import ROOT


def values_in(node: ast.AST) -> Iterator[ast.AST]:
    """What is evaluated below a node: without annotations, and without what is only looked for."""
    annotations = {"annotation", "returns"}
    for name, part in ast.iter_fields(node):
        if name in annotations:
            continue
        for child in part if isinstance(part, list) else [part]:
            if isinstance(child, ast.AST) and not asks_for_a_type(child):
                yield child
                yield from values_in(child)


def asks_for_a_type(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "isinstance"
    )


def made_by(service: str) -> set[str]:
    """The classes of events that a service's own code calls or hands on to be called."""
    names: set[str] = set()
    for file in (ROOT / "services" / service).rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        names |= {node.id for node in values_in(tree) if isinstance(node, ast.Name)}
    return names & {model.__name__ for model in all_events().values() if model.service == service}


@pytest.mark.requirement("P2")
@pytest.mark.parametrize("service", SERVICES)
def test_event_is_published_when_its_service_makes_it(service: str) -> None:
    own = [model for model in all_events().values() if model.service == service]
    assert {model.__name__ for model in own if model.published} == made_by(service)
