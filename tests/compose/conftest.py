"""An engine first; then one deployment for the tests of a file, taken down with all it had."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.compose.engine import EngineMissing, require_engine
from tests.compose.stack import Stack

Deploy = Callable[..., Stack]


def pytest_sessionstart() -> None:
    """End with one line where there is nothing to run containers with."""
    try:
        require_engine()
    except EngineMissing as error:
        sys.stderr.write(f"bulwark: {error}\n")
        pytest.exit("no container engine", returncode=1)


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Our image, built once."""
    stack = Stack("image", tmp_path_factory.mktemp("image"))
    stack.build()
    return stack.image


@pytest.fixture(scope="module")
def deploy(image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deploy]:
    """Makes deployments, which are taken down at the end of the file's tests."""
    stacks: list[Stack] = []

    def make(name: str, *files: str) -> Stack:
        folder: Path = tmp_path_factory.mktemp(name)
        stack = Stack(name, folder, files or ("compose.yaml",))
        stacks.append(stack)
        return stack

    yield make
    for stack in stacks:
        stack.down()
