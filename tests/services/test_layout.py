"""A feature is a folder: it declares all it brings, and its tables are its own."""

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from shared.events.registry import all_events
from shared.runtime.feature import Feature
from tests.support.paths import ROOT

SERVICES = ("intake", "alerts", "volunteers", "rollup")
NO_FEATURES = {"migrations", "locale", "__pycache__"}


def features(service: str) -> tuple[Feature, ...]:
    found: tuple[Feature, ...] = import_module(f"services.{service}.main").FEATURES
    return found


def modules(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*.py") if "migrations" not in path.parts)


def imported(path: Path) -> Iterator[str]:
    """The dotted names that a file imports, of modules and of what is in them."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def owner_of_tables(name: str) -> tuple[str, ...] | None:
    """The folder whose tables a dotted name is, or is in."""
    parts = name.split(".")
    if parts[0] == "services" and len(parts) > 3 and parts[3] == "tables":
        return tuple(parts[:3])
    return None


def test_tables_are_imported_by_their_own_folder_when_the_code_is_read() -> None:
    strangers = [
        f"{path.relative_to(ROOT)} imports {name}"
        for root in ("services", "shared", "bulwark", "bench")
        for path in modules(ROOT / root)
        for name in imported(path)
        if (owner := owner_of_tables(name)) and path.relative_to(ROOT).parts[:3] != owner
    ]
    assert strangers == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_folder_is_a_feature_of_its_service_when_main_lists_them(service: str) -> None:
    folders = {path.name for path in (ROOT / "services" / service).iterdir() if path.is_dir()}
    listed = [feature.name for feature in features(service)]
    assert sorted(listed) == sorted(folders - NO_FEATURES)
    assert all(feature.package.startswith(f"services.{service}.") for feature in features(service))


@pytest.mark.parametrize("service", SERVICES)
def test_every_event_made_is_declared_by_one_feature_when_its_service_is_read(service: str) -> None:
    own = {event.__name__ for event in all_events().values() if event.service == service}
    emitted = [event.__name__ for feature in features(service) for event in feature.emits]
    assert len(emitted) == len(set(emitted))
    named: dict[str, set[str]] = {}
    for feature in features(service):
        folder = ROOT / "services" / service / feature.name
        named[feature.name] = {
            node.id
            for path in modules(folder)
            if path.name != "__init__.py"
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Name) and node.id in own
        }
        assert {event.__name__ for event in feature.emits} <= named[feature.name], feature.package
    assert set(emitted) == set().union(*named.values())
