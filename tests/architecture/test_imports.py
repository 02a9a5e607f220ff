"""Every arrow between modules runs one way."""

import pytest

from tests.architecture.imports import between_packages, circle_in, imports_between, modules

GRAPH = imports_between(modules())


def test_circle_is_found_when_modules_import_each_other() -> None:
    assert circle_in({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == ["a", "b", "c", "a"]
    assert circle_in({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_no_circle_stands_between_files() -> None:
    assert circle_in(GRAPH) == []


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_no_circle_stands_between_packages(depth: int) -> None:
    assert circle_in(between_packages(GRAPH, depth)) == []
