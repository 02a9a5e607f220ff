"""Services running in this process, behind one HTTP port."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator, Mapping, Sequence

import uvicorn

from bulwark.server.gateway import Front
from bulwark.server.gauges import ProcessGauges
from shared.database.engine import ALONE, TOGETHER, Database
from shared.exceptions import OperatorError
from shared.logs import get_logger
from shared.nats.connection import Bus
from shared.nats.stream import StreamSettings
from shared.runtime.key_check import check_keys
from shared.runtime.lease import holder_at
from shared.runtime.migrations import migrate
from shared.runtime.runtime import Runtime
from shared.runtime.service import Service
from shared.site import Site

AREAS_CHECK_SECONDS = 1.0
# Only to end a start that hangs: a machine short of CPU takes minutes.
READY_SECONDS = 300.0
# Longer than any client, such as caddy, keeps an idle connection: the client must close it first,
# otherwise a request may arrive on a connection that we are closing.
KEEP_ALIVE_SECONDS = 120

log = get_logger(__name__)


class PortTaken(OperatorError):
    """Another program uses the port."""


class NotReady(OperatorError):
    """The services did not become ready; the message says why, in one line."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; raises PortTaken, whose message is one line for the user."""
    server = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        server.bind((host, port))
    except OSError as error:
        server.close()
        raise PortTaken(
            f"端口 {port} 已被占用,请用 --port 另选 / port {port} is taken: use --port"
        ) from error
    server.listen(2048)
    server.setblocking(False)
    return server


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: the runner decides when to stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Instance:
    """Some services of one site in this process, with their databases and a broker."""

    def __init__(
        self,
        services: Sequence[Service],
        site: Site,
        database_urls: Mapping[str, str],
        nats_url: str,
        streams: StreamSettings | None = None,
        gauges: ProcessGauges | None = None,
    ) -> None:
        self.site = site
        memory = ALONE if len(services) == 1 else TOGETHER
        self.runtimes = {
            service.name: Runtime(
                service,
                site,
                Database(database_urls[service.name], room=memory),
                Bus(nats_url, f"bulwark-{service.name}"),
                streams,
            )
            for service in services
        }
        self.port = 0
        self._front = Front(list(self.runtimes.values()), gauges)
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None

    async def start(self, listening: socket.socket) -> None:
        """Migrate, start the services, and serve HTTP on a listening socket."""
        await asyncio.to_thread(self._open_databases)
        self.port = listening.getsockname()[1]
        for runtime in self.runtimes.values():
            if runtime.lease is not None:
                runtime.lease.holder = holder_at(self.port)
        await asyncio.gather(*(runtime.start() for runtime in self.runtimes.values()))
        config = uvicorn.Config(
            self._front,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=3,
        )
        self._server = _Server(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[listening]))
        self._watching = asyncio.create_task(self._watch_areas())
        while not self._server.started:
            await asyncio.sleep(0.005)

    async def _watch_areas(self) -> None:
        """Reload the area tree when it was changed while we run."""
        while True:
            await asyncio.sleep(AREAS_CHECK_SECONDS)
            try:
                if self.site.areas.reload_if_changed():
                    log.info("areas.reloaded", count=self.site.areas.count())
            except (OSError, ValueError) as error:
                log.warning("areas.unreadable", error=str(error))

    def _open_databases(self) -> None:
        for runtime in self.runtimes.values():
            migrate(runtime.service, runtime.database)
            check_keys(runtime.service.name, runtime.database, self.site.vault)

    async def stop(self) -> None:
        """Stop answering requests, then stop the services."""
        if self._watching is not None:
            self._watching.cancel()
        for runtime in self.runtimes.values():
            # Open event streams would delay the server's shutdown until its timeout.
            runtime.live.close()
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await self._serving
        await self._front.close()
        for runtime in self.runtimes.values():
            await runtime.stop()

    async def failed(self) -> BaseException:
        """Wait until a service fails permanently; returns the error."""
        waits = {
            asyncio.create_task(runtime.failed.wait()): runtime
            for runtime in self.runtimes.values()
        }
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()
        failure = waits[done.pop()].failure
        return failure if failure is not None else RuntimeError("a service ended")

    async def ready(self, seconds: float = READY_SECONDS) -> None:
        """Wait until every service is ready; raises NotReady."""
        try:
            async with asyncio.timeout(seconds):
                while not all(runtime.ready for runtime in self.runtimes.values()):
                    self._refuse_failed()
                    await asyncio.sleep(0.01)
        except TimeoutError as error:
            late = [name for name, runtime in self.runtimes.items() if not runtime.ready]
            names = ", ".join(late)
            raise NotReady(
                f"{seconds:.0f} 秒内未就绪 / not ready within {seconds:.0f} s: {names}"
            ) from error

    def _refuse_failed(self) -> None:
        for name, runtime in self.runtimes.items():
            if runtime.failed.is_set():
                why = str(runtime.failure) or type(runtime.failure).__name__
                raise NotReady(f"{name} 启动失败 / did not start: {why}") from runtime.failure

    def at_rest(self) -> bool:
        """Whether everything is applied everywhere: each reader is at the end of each log."""
        return all(
            runtime.writer.idle
            and runtime.relay.published == runtime.writer.head
            and all(
                reader.checkpoint == self.runtimes[reader.source].writer.head
                for reader in runtime.readers
                if reader.source in self.runtimes
            )
            for runtime in self.runtimes.values()
        )
