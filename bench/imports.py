"""Processor time that the command line and each service take for their imports, and the dearest.

Each is a fresh process of this interpreter, with its bytecode made before, as an installed one has
it. The dearest are packages of others and packages of ours, by the time in their own modules.
"""

import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from bench.machine import described
from bench.results import Figure, tell
from bulwark.registry import SERVICES

ROUNDS = 5
SHOWN = 10
OURS = ("shared", "services", "bulwark")
COMMAND_LINE = """
import sys
sys.argv = {argv!r}
from bulwark.cli.main import main
main()
"""
COMMANDS = (["--help"], ["token", "--help"], ["events", "--help"])
# What `bulwark run` imports until it serves: of uvicorn and FastStream more than their names.
SERVICE = """
import bulwark.console
bulwark.console.collect_less()
import bulwark.cli.main, bulwark.server.run_services, services.{name}.main
import faststream.nats, uvicorn.protocols.http.httptools_impl, uvloop
"""

Environment = dict[str, str]


def measure() -> list[Figure]:
    """Seconds of processor for small commands and for each service."""
    with compiled() as environment:
        commands = [
            Figure(
                f"bulwark {' '.join(words)}: processor time",
                seconds(code_of(words), environment),
                "s",
                reach=0.25,
            )
            for words in COMMANDS
        ]
        services = [
            Figure(
                f"imports of {name}: processor time",
                seconds(SERVICE.format(name=name), environment),
                "s",
                reach=1,
            )
            for name in SERVICES
        ]
    return commands + services


def code_of(words: list[str]) -> str:
    """The program that is `bulwark` with these words."""
    return COMMAND_LINE.format(argv=["bulwark", *words])


@contextmanager
def compiled() -> Iterator[Environment]:
    """An environment whose bytecode lies in a folder of its own, written by whoever comes first."""
    with tempfile.TemporaryDirectory(prefix="bulwark-bench-") as folder:
        without = (name for name in os.environ if name != "PYTHONDONTWRITEBYTECODE")
        yield {**{name: os.environ[name] for name in without}, "PYTHONPYCACHEPREFIX": folder}


def seconds(code: str, environment: Environment) -> float:
    """Seconds of processor of a process that runs this, the kernel's for it included.

    The least of some runs: what else the machine does only adds to it, and may double it.
    """
    _spent(code, environment)
    return min(_spent(code, environment) for _ in range(ROUNDS))


def _spent(code: str, environment: Environment) -> float:
    with subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdout=subprocess.DEVNULL
    ) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"ended with {process.returncode}: {code}")
    return used.ru_utime + used.ru_stime


def dearest(code: str, environment: Environment) -> list[tuple[str, float]]:
    """The packages that take the most time to import, with their seconds, the dearest first."""
    told = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    spent: Counter[str] = Counter()
    for line in told.splitlines():
        # import time: self [us] | cumulative | imported package
        columns = line.removeprefix("import time:").split("|")
        if len(columns) == 3 and columns[0].strip().isdigit():
            spent[_package(columns[2].strip())] += int(columns[0])
    return [(package, spent_us / 1e6) for package, spent_us in spent.most_common(SHOWN)]


def _package(module: str) -> str:
    first, *rest = module.split(".")
    return f"{first}.{rest[0]}" if first in OURS and rest else first


def main() -> None:
    print(f"processor time of imports on {described()}")
    tell(measure())
    with compiled() as environment:
        programs = {"bulwark --help": code_of(["--help"])}
        programs |= {name: SERVICE.format(name=name) for name in SERVICES}
        for what, code in programs.items():
            _spent(code, environment)
            print(f"  {what}, the {SHOWN} dearest:")
            for package, spent in dearest(code, environment):
                print(f"    {spent * 1000:6.1f} ms  {package}")


if __name__ == "__main__":
    main()
