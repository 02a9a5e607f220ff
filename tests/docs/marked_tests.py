"""Which tests prove which requirement, and which of them drive running services; read, not run.

A test drives running services when it, a fixture it takes or a function of the test code that it
uses, however far down, starts a nats-server or a command that starts the services: they always run
on a broker, so whatever passes through HTTP or the bus needs one of the two.
"""

import ast
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bulwark.broker.nats_server import Broker, server_program
from tests.docs.prose import ROOT, python_files, tree_of

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef | ast.Assign | ast.AnnAssign
# How a test asks for a fixture that it does not take.
ASKING = frozenset({"getfixturevalue", "usefixtures"})
# What the product starts a nats-server with, and the commands that start services.
STARTERS = frozenset({Broker.__name__, server_program.__name__})
PRODUCT = Broker.__module__.partition(".")[0]
PROGRAM = ["-m", PRODUCT]
COMMANDS = [[*PROGRAM, command] for command in ("up", "run", "drill")]


@dataclass(frozen=True)
class MarkedTest:
    """A test with a requirement's id: where it is, and whether it drives running services."""

    requirement: str
    path: Path
    name: str
    drives_services: bool


def is_test_code(path: Path) -> bool:
    """Whether a file belongs to the tests, by the first folder of its path."""
    return path.relative_to(ROOT).parts[0].startswith("tests")


def marked_tests() -> list[MarkedTest]:
    """Every test that is marked with a requirement, once for each id."""
    return [
        MarkedTest(requirement, path, test.name, drives_services(path, test.name))
        for path in python_files()
        if is_test_code(path)
        for test, ids in _tests_of(tree_of(path))
        for requirement in ids
    ]


def _tests_of(module: ast.Module) -> Iterator[tuple[Function, list[str]]]:
    of_module = [
        requirement
        for node in module.body
        if isinstance(node, ast.Assign) and _names(node) == ["pytestmark"]
        for requirement in _marks(node.value)
    ]
    for node in module.body:
        if isinstance(node, Function) and node.name.startswith("test_"):
            own = [one for decorator in node.decorator_list for one in _marks(decorator)]
            yield node, [*of_module, *own]


def _marks(node: ast.expr) -> list[str]:
    """The ids that `pytest.mark.requirement` is called with in an expression."""
    return _arguments(node, {"requirement"})


def _arguments(node: ast.AST, methods: Collection[str]) -> list[str]:
    """The words that any of these methods is called with, below a node."""
    return [
        word
        for call in ast.walk(node)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in methods
        for word in _words(call.args)
    ]


@cache
def definitions(path: Path) -> dict[str, Definition]:
    """What a module defines, by name."""
    found: dict[str, Definition] = {}
    for node in tree_of(path).body:
        if isinstance(node, Function | ast.ClassDef):
            found[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            found.update(dict.fromkeys(_names(node), node))
    return found


def _names(node: ast.Assign | ast.AnnAssign) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


@cache
def imports(path: Path) -> dict[str, tuple[str, str]]:
    """What a module imports with `from`, by the name it has there: module and name."""
    return {
        alias.asname or alias.name: (node.module, alias.name)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


def file_of(module: str) -> Path | None:
    """The file of a module of the tests, or None."""
    if not module.startswith("tests"):
        return None
    path = ROOT.joinpath(*module.split("."))
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    return next((one for one in candidates if one.exists()), None)


def drives_services(path: Path, name: str) -> bool:
    """Whether what a module calls by this name drives running services."""
    seen: set[tuple[Path, str]] = set()
    waiting = [(path, name)]
    while waiting:
        at = waiting.pop()
        if at not in seen:
            seen.add(at)
            if starts_services(*at):
                return True
            waiting += next_from(*at)
    return False


@cache
def starts_services(path: Path, name: str) -> bool:
    """Whether what a module calls by this name is a starter, or runs the command."""
    definition = definitions(path).get(name)
    if definition is not None:
        return _runs_command(path, definition)
    origin, original = imports(path).get(name, ("", ""))
    return original in STARTERS and origin.partition(".")[0] == PRODUCT


@cache
def next_from(path: Path, name: str) -> tuple[tuple[Path, str], ...]:
    """What is used by what a module calls by this name, or where that is defined."""
    definition = definitions(path).get(name)
    if definition is None:
        origin, original = imports(path).get(name, ("", ""))
        target = file_of(origin)
        return ((target, original),) if target is not None else ()
    used = {node.id for node in ast.walk(definition) if isinstance(node, ast.Name)}
    return (
        *((path, one) for one in used),
        *_fixtures(path, definition),
        *_through_modules(path, definition),
    )


def _runs_command(path: Path, definition: Definition) -> bool:
    """Whether it runs a command that starts services, by itself or through a function that runs
    whatever command it is given."""
    return any(
        (isinstance(node, ast.List) and _begins(_words(node.elts), COMMANDS))
        or (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and _words(node.args[:1]) in [command[2:] for command in COMMANDS]
            and _runs_any_command(path, node.func.id)
        )
        for node in ast.walk(definition)
    )


@cache
def _runs_any_command(path: Path, name: str) -> bool:
    definition = definitions(path).get(name)
    if definition is None:
        origin, original = imports(path).get(name, ("", ""))
        target = file_of(origin)
        return target is not None and _runs_any_command(target, original)
    lists = (node for node in ast.walk(definition) if isinstance(node, ast.List))
    return any(_words(one.elts) == PROGRAM for one in lists)


def _begins(words: list[str], commands: Iterable[list[str]]) -> bool:
    return any(words[: len(command)] == command for command in commands)


def _words(nodes: Iterable[ast.expr]) -> list[str]:
    return [
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def _through_modules(module: Path, definition: Definition) -> Iterator[tuple[Path, str]]:
    """What is used as an attribute of an imported module."""
    for node in ast.walk(definition):
        if not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)):
            continue
        imported = imports(module).get(node.value.id)
        target = file_of(".".join(imported)) if imported else None
        if target is not None:
            yield target, node.attr


def _fixtures(module: Path, definition: Definition) -> Iterator[tuple[Path, str]]:
    """The fixtures that a function takes or asks for, each where pytest finds it first."""
    if not isinstance(definition, Function) or not _takes_fixtures(definition):
        return
    asking = (module, definition.name)
    taken = [argument.arg for argument in definition.args.args]
    for name in {*taken, *_arguments(definition, ASKING)}:
        places = ((path, name) for path in _conftests(module) if name in definitions(path))
        # A fixture that takes one of its own name means the one that it stands before.
        found = next((place for place in places if place != asking), None)
        if found is not None:
            yield found


def _takes_fixtures(function: Function) -> bool:
    """Whether pytest calls it: a test or a fixture."""
    decorators = [node for one in function.decorator_list for node in ast.walk(one)]
    return function.name.startswith("test_") or any(
        isinstance(node, ast.Attribute) and node.attr == "fixture" for node in decorators
    )


def _conftests(module: Path) -> Iterator[Path]:
    """Where a fixture may be defined for a module: in it, and in conftest.py of its folders."""
    yield module
    for folder in module.parents:
        if (folder / "conftest.py").exists():
            yield folder / "conftest.py"
        if folder == ROOT:
            return
