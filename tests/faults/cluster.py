"""Three nats-servers on loopback that keep every stream three times."""

import signal
from pathlib import Path

from tests.faults.processes import BrokerProcess
from tests.support.ports import held_port

NODES = 3
NAMES = tuple(f"bulwark-{number}" for number in range(NODES))
USER, PASSWORD = "bulwark", "only-for-tests"
CONFIG = """
authorization {{ user: {user}, password: "{password}" }}
cluster {{
  name: bulwark
  listen: 127.0.0.1:{port}
  routes: [{routes}]
}}
"""


class Cluster(BrokerProcess):
    """The three as one broker; `nodes` can be killed one by one."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        ports = [held_port() for _ in range(NODES)]
        routes = ", ".join(f"nats://127.0.0.1:{port}" for port in ports)
        self.nodes = [BrokerProcess(folder / str(node) / "store") for node in range(NODES)]
        for name, port, node in zip(NAMES, ports, self.nodes, strict=True):
            config = node.store.parent / "nats.conf"
            named = config.read_text().replace("server_name: bulwark", f"server_name: {name}")
            known = {"user": USER, "password": PASSWORD}
            config.write_text(named + CONFIG.format(port=port, routes=routes, **known))
        self.store = folder

    @property
    def url(self) -> str:
        """One that is alive."""
        return next(_known(node.url) for node in self.nodes if node.running)

    @property
    def urls(self) -> str:
        """All of them, as services are told."""
        return ",".join(_known(node.url) for node in self.nodes)

    def named(self, name: str) -> BrokerProcess:
        """The server of a name, as the servers say it."""
        return self.nodes[NAMES.index(name)]

    def start(self) -> None:
        """Start all three."""
        for node in self.nodes:
            node.start()

    def wait(self) -> None:
        """Until each serves JetStream and has caught up."""
        for node in self.nodes:
            node.wait()

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End all three."""
        return max(node.end(how) for node in self.nodes)


def _known(url: str) -> str:
    return url.replace("://", f"://{USER}:{PASSWORD}@")
