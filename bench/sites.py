"""Real instances to measure, in one process or a process for each service; and bare brokers."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from bench.machine import cpu_seconds, memory_mb
from bulwark.broker.nats_server import configuration, free_port, server_program
from bulwark.data_folder import Folder
from bulwark.registry import SERVICES

PATIENCE_SECONDS = 60.0
LOOK_SECONDS = 0.01
# Where the processor's time is measured: to be asked costs it, too.
SELDOM_SECONDS = 0.1
# One for all: to make a client takes longer than to ask.
HTTP = httpx.Client(trust_env=False, verify=False, timeout=10)


@dataclass(slots=True)
class Site:
    """A running instance: where each service answers, and its processes."""

    folder: Path
    ports: dict[str, int]
    pids: dict[str, int]
    nats_url: str
    ready_seconds: float = 0.0

    def url(self, service: str = "intake") -> str:
        """Where a service answers."""
        return f"http://127.0.0.1:{self.ports[service]}"

    def token(self, role: str, area: str = "220581") -> str:
        """A token, made by the command line."""
        command = [sys.executable, "-m", "bulwark", "token", "--data", str(self.folder)]
        command += ["--role", role, "--area", area]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def memory_mb(self) -> dict[str, float]:
        """Megabytes of each process, shared pages counted by share."""
        return {name: memory_mb(pid) for name, pid in self.pids.items()}

    def cpu_seconds(self) -> dict[str, float]:
        """Seconds of processor that each process has used so far."""
        return {name: cpu_seconds(pid) for name, pid in self.pids.items()}

    def health(self) -> dict[str, Any]:
        """What each service says of itself."""
        found: dict[str, Any] = {}
        for port in set(self.ports.values()):
            found |= HTTP.get(f"http://127.0.0.1:{port}/readyz").json()["services"]
        return found

    def at_rest(self) -> bool:
        """Whether every event there is has reached every service that listens."""
        services = self.health()
        return all(
            part["stream_head"] == part["log_head"]
            and all(
                reader["place"] == services[source]["log_head"]
                for source, reader in part["readers"].items()
            )
            for part in services.values()
        )


def until(
    true: Callable[[], bool],
    what: str,
    seconds: float = PATIENCE_SECONDS,
    look: float = LOOK_SECONDS,
) -> None:
    """Wait for something, with `look` seconds between two looks; raises TimeoutError."""
    begun = time.perf_counter()
    while not true():
        if time.perf_counter() - begun > seconds:
            raise TimeoutError(f"{what} in {seconds:.0f} s")
        time.sleep(look)


@contextlib.contextmanager
def process(
    command: Sequence[str], environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A program, ended by its own process id."""
    begun = subprocess.Popen(
        command,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield begun
    finally:
        begun.terminate()
        begun.wait(30)


@contextlib.contextmanager
def up(folder: Path | None = None, program: Sequence[str] = ("bulwark",)) -> Iterator[Site]:
    """`bulwark up` in a folder, on its own broker."""
    with contextlib.ExitStack() as stack:
        where = folder or stack.enter_context(_scratch()) / "data"
        port = free_port()
        command = [sys.executable, "-m", *program, "up", "--data", str(where), "--port", str(port)]
        begun = time.perf_counter()
        running = stack.enter_context(process(command))
        _until_ready(port, running)
        seconds = time.perf_counter() - begun
        run = json.loads((where / "run.json").read_text())
        pids = {"bulwark": running.pid, "nats-server": int(run["nats_pid"])}
        yield Site(where, dict.fromkeys(SERVICES, port), pids, run["nats_url"], seconds)


@contextlib.contextmanager
def apart(
    services: Sequence[str] = tuple(SERVICES),
    folder: Path | None = None,
    program: Sequence[str] = ("bulwark", "run"),
) -> Iterator[Site]:
    """A process for each service, as compose has them, on a broker that syncs always."""
    with contextlib.ExitStack() as stack:
        where = folder or stack.enter_context(_scratch()) / "data"
        Folder(where).prepare()
        site = Site(where, {}, {}, "")
        site.nats_url, site.pids["nats-server"] = stack.enter_context(nats_server())
        started = []
        for name in services:
            port = site.ports[name] = free_port()
            environment = {
                "BULWARK_DATA": str(where),
                "BULWARK_NATS_URL": site.nats_url,
                "BULWARK_PORT": str(port),
                f"BULWARK_{name.upper()}_DATABASE_URL": f"sqlite:///{where}/db/{name}.db",
            }
            command = [sys.executable, "-m", *program, name]
            started.append((port, stack.enter_context(process(command, environment))))
            site.pids[name] = started[-1][1].pid
        for port, running in started:
            _until_ready(port, running)
        yield site


@contextlib.contextmanager
def nats_server(*, synced: bool = True) -> Iterator[tuple[str, int]]:
    """A nats-server of its own, and its process id; `synced` as ours, else as it comes."""
    with _scratch() as scratch:
        port, monitor = free_port(), free_port()
        store = scratch / "store"
        store.mkdir()
        text = configuration(store, port, monitor)
        config = scratch / "nats.conf"
        config.write_text(text if synced else _unsynced(text))
        with process([server_program(), "-c", str(config)]) as running:
            until(lambda: _answers(f"http://127.0.0.1:{monitor}/healthz"), "no broker")
            yield f"nats://127.0.0.1:{port}", running.pid


def _unsynced(text: str) -> str:
    """The configuration of a server that syncs as it comes; raises ValueError where it cannot be
    told from our own: a slower yardstick would flatter us."""
    found = text.replace("  sync_interval: always\n", "")
    if "sync_interval" in found:
        raise ValueError("the yardstick's server would sync as ours does")
    return found


@contextlib.contextmanager
def _scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="bulwark-bench-") as scratch:
        yield Path(scratch)


def _answers(url: str) -> bool:
    try:
        return HTTP.get(url).status_code == 200
    except httpx.HTTPError:
        return False


def _until_ready(port: int, running: subprocess.Popen[bytes]) -> None:
    def ready() -> bool:
        if running.poll() is not None:
            raise RuntimeError("the process ended by itself")
        return _answers(f"http://127.0.0.1:{port}/readyz")

    until(ready, f"port {port} was not ready")
