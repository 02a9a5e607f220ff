"""A network namespace with two links to it: one for people, one for servers that can go down."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.faults.disks import run

# Of the range that RFC 2544 keeps for measurements: no network that anybody uses.
NETWORK = "198.18"


class Namespace:
    """A place of its own on this machine, reached by links alone.

    `host` is where what runs there answers people; `servers` where it finds what runs here.
    """

    def __init__(self, number: int) -> None:
        self.name = f"bulwark-{number}"
        self._links = {"people": f"bwp{number}", "servers": f"bws{number}"}
        third = number % 250
        self.host, self._people = f"{NETWORK}.{third}.2", f"{NETWORK}.{third}.1"
        self._there, self.servers = f"{NETWORK}.{third}.6", f"{NETWORK}.{third}.5"

    @property
    def entering(self) -> tuple[str, ...]:
        """The words before a command that is to run there; its process id stays its own."""
        return ("ip", "netns", "exec", self.name)

    def make(self) -> None:
        """Make both links and bring them up."""
        ends = {"people": (self._people, self.host), "servers": (self.servers, self._there)}
        for line, (here, there) in ends.items():
            link = self._links[line]
            run("ip", "link", "add", link, "type", "veth", "peer", "name", line, "netns", self.name)
            run("ip", "address", "add", f"{here}/30", "dev", link)
            run("ip", "link", "set", link, "up")
            run("ip", "-n", self.name, "address", "add", f"{there}/30", "dev", line)
            run("ip", "-n", self.name, "link", "set", line, "up")
        run("ip", "-n", self.name, "link", "set", "lo", "up")

    def cut(self) -> None:
        """What is sent to the servers, and by them, is lost; nobody is told."""
        run("ip", "link", "set", self._links["servers"], "down")

    def mend(self) -> None:
        """The link is up again."""
        run("ip", "link", "set", self._links["servers"], "up")


@contextmanager
def namespace() -> Iterator[Namespace]:
    """A namespace for the block; the test is skipped where none may be made."""
    found = Namespace(os.getpid())
    make = ("ip", "netns", "add", found.name)
    if os.geteuid() != 0 or subprocess.run(make, capture_output=True, check=False).returncode:
        pytest.skip("needs root")
    try:
        found.make()
        yield found
    finally:
        # The links go with it.
        run("ip", "netns", "delete", found.name)
