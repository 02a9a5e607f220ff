"""Who imports whom, read from the source: type-checking imports count like all others."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from tests.support.paths import ROOT

Graph = Mapping[str, set[str]]


def modules() -> dict[str, Path]:
    """The file of each module of the product."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for top in ("shared", "services", "bulwark")
        for path in (ROOT / top).rglob("*.py")
        if path.parent.name != "versions"
    }


def imports_between(files: Mapping[str, Path]) -> Graph:
    """For each module, the modules of the product that it imports."""
    return {
        name: {found for found in _imported(path, files) if found != name}
        for name, path in files.items()
    }


def _imported(path: Path, files: Mapping[str, Path]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in files)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                if full in files:
                    yield full
                elif node.module in files:
                    yield node.module


def between_packages(graph: Graph, depth: int) -> Graph:
    """The same between packages, cut to so many parts of their names."""
    packages: dict[str, set[str]] = {}
    for name, imported in graph.items():
        package = _cut(name, depth)
        packages.setdefault(package, set()).update(
            other for found in imported if (other := _cut(found, depth)) != package
        )
    return packages


def _cut(name: str, depth: int) -> str:
    return ".".join(name.split(".")[:depth])


def circle_in(graph: Graph) -> list[str]:
    """The modules of a circle, in their order; empty when there is none."""
    done: set[str] = set()
    for start in sorted(graph):
        if start not in done:
            found = _circle_from(graph, start, done)
            if found:
                return found
    return []


def _circle_from(graph: Graph, start: str, done: set[str]) -> list[str]:
    trail: list[str] = [start]
    waiting: list[Iterator[str]] = [iter(_sorted(graph, start))]
    while trail:
        following = next(waiting[-1], None)
        if following is None:
            done.add(trail.pop())
            waiting.pop()
        elif following in trail:
            return [*trail[trail.index(following) :], following]
        elif following not in done:
            trail.append(following)
            waiting.append(iter(_sorted(graph, following)))
    return []


def _sorted(graph: Graph, name: str) -> Iterable[str]:
    return sorted(graph.get(name, set()))
