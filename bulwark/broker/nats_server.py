"""The embedded broker: a private nats-server for one machine, supervised by its parent."""

import asyncio
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

from bulwark.broker.accounts import SERVICES_USER, accounts_block, hashed
from shared.exceptions import OperatorError
from shared.files import write_whole
from shared.logs import get_logger
from shared.nats.connection import StoreState
from shared.security.key_files import make_private_file

START_SECONDS = 120.0
STOP_SECONDS = 10.0
WATCH_SECONDS = 1.0
ANSWER_SECONDS = 2.0
PID_FILE = "nats.pid"
# Without a limit the heap grows to three times what is needed; a third less doubles the CPU time.
MEMORY = {"GOMEMLIMIT": "72MiB"}
PORT_FILE = "nats.port"

log = get_logger(__name__)

CONFIG = """\
host: 127.0.0.1
port: {port}
http: 127.0.0.1:{monitor}
server_name: bulwark
pid_file: {pid_file}
max_payload: 8MB
write_deadline: 10s
jetstream {{
  store_dir: {store}
  sync_interval: always
  max_memory_store: 64MB
}}
{accounts}"""


class BrokerError(OperatorError):
    """The broker did not start; the message says why, in one line."""


def free_port() -> int:
    """A free port on this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def server_program() -> str:
    """The path of nats-server: beside this Python, or else on the PATH."""
    beside = Path(sys.executable).with_name("nats-server")
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if not found:
        raise BrokerError(
            "找不到 nats-server,请重新安装 / nats-server is missing: install Bulwark again"
        )
    return found


def configuration(store: Path, port: int, monitor: int, accounts: str = "") -> str:
    """The server's configuration, for a store and two loopback ports.

    Without accounts it is open to everybody on this machine.
    """
    return CONFIG.format(
        port=port,
        monitor=monitor,
        store=f'"{store}"',
        pid_file=f'"{store / PID_FILE}"',
        accounts=accounts,
    )


def free_again(port_file: Path) -> int:
    """The port used last time, if it is free, so that subscribers find the broker again."""
    try:
        port = int(port_file.read_text())
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
    except (OSError, ValueError, OverflowError):
        return free_port()
    return port


def server_on(store: Path) -> int | None:
    """The process id of the server on a store, from its pid file; None when none is running."""
    try:
        pid = int((store / PID_FILE).read_text())
        os.kill(pid, 0)
        # On Linux we can see what a process is; elsewhere we rely on the pid file.
        words = Path(f"/proc/{pid}/cmdline")
        if words.exists() and str(store / "nats.conf").encode() not in words.read_bytes():
            return None
    except (OSError, ValueError):
        return None
    return pid


async def accounts_read_at(monitor: int) -> str:
    """When the server behind a monitoring port last loaded its configuration.

    Raises OSError, TimeoutError or ValueError.
    """
    async with asyncio.timeout(ANSWER_SECONDS):
        _, body = await _get(monitor, "/varz")
    return str(json.loads(body)["config_load_time"])


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def _get(port: int, path: str) -> tuple[bool, bytes]:
    """Whether the monitoring port answers 200, and the body."""
    # One line of HTTP each second: importing a client library for it costs a tenth of a second.
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        return b" 200 " in head.partition(b"\r\n")[0], body
    finally:
        writer.close()


class Broker:
    """A nats-server process on loopback, with its store in one folder.

    The services' password is new at each start; subscribers' accounts are in a separate file.
    """

    def __init__(
        self, store: Path, port: int | None = None, *, subscribers: Path | None = None
    ) -> None:
        self.store = store.resolve()
        self.port = port or free_again(self.store / PORT_FILE)
        self._subscribers = subscribers
        self._password = secrets.token_urlsafe(24)
        self._accounts = accounts_block(
            hashed(self._password),
            hashed(secrets.token_urlsafe(24)),
            # The server resolves it relative to the folder of its configuration.
            os.path.relpath(subscribers, self.store) if subscribers else None,
        )
        self.monitor = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = False

    @property
    def url(self) -> str:
        """Where the services connect, with their password: never print it."""
        return f"nats://{SERVICES_USER}:{self._password}@127.0.0.1:{self.port}"

    @property
    def address(self) -> str:
        """Where it listens, for people."""
        return f"nats://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process id of the server."""
        if self._process is None:
            raise BrokerError("the broker is not running")
        return self._process.pid

    async def start(self) -> None:
        """Start the server and wait until it serves JetStream; raises BrokerError."""
        self.store.mkdir(parents=True, exist_ok=True)
        await self._end_orphan()
        if self._subscribers is not None:
            # An included file must exist.
            make_private_file(self._subscribers)
        config = self.store / "nats.conf"
        said = configuration(self.store, self.port, self.monitor, self._accounts)
        write_whole(config, said.encode())
        (self.store / PORT_FILE).write_text(f"{self.port}\n")
        with (self.store / "nats.log").open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own program and config
                [server_program(), "-c", str(config)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**MEMORY, **os.environ},
                # Ctrl-C in the terminal is for the parent, which then stops the server.
                start_new_session=True,
            )
        deadline = asyncio.get_running_loop().time() + START_SECONDS
        while not await self._healthy():
            if self._process.poll() is not None:
                raise BrokerError(
                    f"nats-server 启动失败 / did not start: see {self.store}/nats.log"
                )
            if asyncio.get_running_loop().time() > deadline:
                raise BrokerError(
                    f"nats-server 启动超时 / took too long: see {self.store}/nats.log"
                )
            await asyncio.sleep(0.02)

    async def _end_orphan(self) -> None:
        """Stop a server that a killed parent left on this store: two would corrupt it."""
        pid = server_on(self.store)
        if pid is None:
            return
        os.kill(pid, signal.SIGTERM)
        log.warning("broker.orphan_ended", pid=pid)
        deadline = asyncio.get_running_loop().time() + STOP_SECONDS
        while _alive(pid):
            if asyncio.get_running_loop().time() > deadline:
                os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(0.02)

    async def _healthy(self) -> bool:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return (await _get(self.monitor, "/healthz"))[0]
        except (OSError, TimeoutError):
            return False

    async def store_state(self) -> StoreState:
        """The size of all streams and its limit; raises OSError, TimeoutError or ValueError."""
        async with asyncio.timeout(ANSWER_SECONDS):
            _, body = await _get(self.monitor, "/jsz")
        answer = json.loads(body)
        return StoreState(int(answer["storage"]), int(answer["config"]["max_storage"]))

    async def watch(self) -> None:
        """Restart the server when it stops or stays unhealthy (as after a full disk)."""
        unhealthy = 0
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            if self._process is None or self._stopping:
                return
            unhealthy = 0 if await self._healthy() else unhealthy + 1
            if self._process.poll() is not None or unhealthy >= 5:
                log.critical("broker.restarted", exit=self._process.poll(), unhealthy=unhealthy)
                try:
                    await self._end()
                    await self.start()
                    unhealthy = 0
                except BrokerError as error:
                    log.critical("broker.down", error=str(error))

    async def stop(self) -> None:
        """Stop the server and wait for it, so that nothing is left half written."""
        self._stopping = True
        await self._end()

    async def _end(self) -> None:
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.to_thread(process.wait, STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            await asyncio.to_thread(process.wait)
