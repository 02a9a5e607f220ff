"""Programs that a test may kill, stop and start again at any moment."""

import os
import signal
import ssl
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from bulwark.broker.nats_server import configuration, server_program
from tests.support.harness import PATIENCE, eventually
from tests.support.ports import held_port

END_SECONDS = PATIENCE
# Never used for anything: without one, httpx makes one for each request, which takes it 17 ms.
UNUSED_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def ask(url: str, *, seconds: float = 5, **options: Any) -> httpx.Response:
    """What a server of this machine answers to a GET; raises httpx.HTTPError."""
    return httpx.get(url, trust_env=False, verify=UNUSED_TLS, timeout=seconds, **options)


class Process:
    """A program that a test may kill at any moment."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], log: Path) -> None:
        self._command = command
        self._environment = environment
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it (again)."""
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                env={**os.environ, **self._environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def running(self) -> bool:
        """Whether it lives."""
        return self._process is not None and self._process.poll() is None

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it by a signal, or by SIGKILL when it does not follow; returns its exit code."""
        if self._process is None:
            return 0
        if self._process.poll() is None:
            self._process.send_signal(how)
            if how != signal.SIGKILL:
                # A stopped process takes no signal but SIGKILL before it goes on.
                self._process.send_signal(signal.SIGCONT)
        try:
            return self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def signal(self, how: signal.Signals) -> None:
        """Send it a signal that it survives."""
        if self._process is not None:
            self._process.send_signal(how)

    def kill(self) -> None:
        """`kill -9`."""
        self.end(signal.SIGKILL)


class BrokerProcess(Process):
    """nats-server on a fixed port, so that it can be killed and come back."""

    def __init__(self, store: Path) -> None:
        self.store = store
        self.port, self.monitor = held_port(), held_port()
        store.mkdir(parents=True, exist_ok=True)
        config = store.parent / "nats.conf"
        config.write_text(configuration(store, self.port, self.monitor))
        super().__init__([server_program(), "-c", str(config)], {}, store.parent / "nats.log")

    def blocks(self, stream: str) -> list[Path]:
        """The files that hold a stream's messages, in order of their names."""
        return sorted(self.store.glob(f"jetstream/**/streams/{stream}/msgs/*.blk"))

    def start(self) -> None:
        """Start it (again), on an empty store when it was deleted."""
        self.store.mkdir(parents=True, exist_ok=True)
        super().start()

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"nats://127.0.0.1:{self.port}"

    @property
    def urls(self) -> str:
        """What services are told: this server, or those of a cluster."""
        return self.url

    @property
    def healthy(self) -> bool:
        """Whether it says that it serves JetStream."""
        try:
            url = f"http://127.0.0.1:{self.monitor}/healthz"
            return ask(url, seconds=2).status_code == 200
        except httpx.HTTPError:
            return False

    def wait(self) -> None:
        """Until it serves JetStream."""
        eventually(lambda: self.healthy)

    def start_again_if_ill(self) -> None:
        """What whoever watches over it does, as `bulwark up` and an orchestrator do."""
        if not self.healthy:
            self.end()
            self.start()
            self.wait()
