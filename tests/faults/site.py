"""A site as compose would run it: a process per service, a broker, databases; and its ledger."""

import asyncio
import contextlib
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import httpx
import psycopg

from bulwark.data_folder import Folder
from shared.clock.clock import RealClock
from shared.database.engine import Database
from shared.security.roles import Role
from tests.faults import streams
from tests.faults.comparing import Comparison
from tests.faults.ledger import Ledger
from tests.faults.load import AREA, PAUSE_SECONDS, Sender
from tests.faults.processes import BrokerProcess, Process, ask
from tests.faults.standing import SERVICES, SOURCES, Standing
from tests.support.harness import PATIENCE, PROGRAM_PATIENCE, PostgresServer, eventually, new_id
from tests.support.ports import held_port


class Site(Standing):
    """The four services, each in a process of its own, on one broker."""

    def __init__(
        self,
        folder: Path,
        postgres: PostgresServer | None,
        *,
        max_age_seconds: float = 86400,
        broker: BrokerProcess | None = None,
        replicas: int = 1,
    ) -> None:
        self.folder = Folder(folder)
        self.folder.prepare()
        broker = broker or BrokerProcess(folder / "broker" / "store")
        self.urls = {
            name: postgres.new_database() if postgres else f"sqlite:///{folder}/db/{name}.db"
            for name in SERVICES
        }
        self.environment = {
            "BULWARK_DATA": str(folder),
            "BULWARK_NATS_URL": broker.urls,
            "BULWARK_STREAM_REPLICAS": str(replicas),
            "BULWARK_STREAM_MAX_AGE_SECONDS": str(max_age_seconds),
            **{f"BULWARK_{name.upper()}_DATABASE_URL": url for name, url in self.urls.items()},
        }
        self.host = "127.0.0.1"
        self._entering: tuple[str, ...] = ()
        # How long a caller tries to get a record accepted.
        self.patience_seconds = PATIENCE
        self.ports = {name: held_port() for name in SERVICES}
        self.processes = {name: self.process(name, self.ports[name]) for name in SERVICES}
        self.take_keys()
        self.ledger = Ledger(folder / "ledger")
        self.is_sqlite = postgres is None
        # What the last check found wanting; None before it has counted.
        self.lost: int | None = None
        self.doubled: int | None = None
        super().__init__(broker, {name: Database(url) for name, url in self.urls.items()})

    def take_keys(self) -> None:
        """Sign tokens with the keys that lie in the folder (now)."""
        site = self.folder.site("test", RealClock())
        self._tokens = site.tokens
        site.areas.close()
        site.vault.close()

    def process(self, service: str, port: int) -> Process:
        """A process of a service; a second one of the same is a replica."""
        command = [*self._entering, sys.executable, "-m", "bulwark", "run", service]
        environment = {**self.environment, "BULWARK_PORT": str(port)}
        return Process(command, environment, self.folder.path / f"{service}-{port}.log")

    def reach(self, **ways: str) -> None:
        """Let the services, which have not started yet, reach broker or databases by other ways:
        variables of their environment."""
        self.environment |= ways
        self.processes = {name: self.process(name, port) for name, port in self.ports.items()}

    def live_at(self, host: str, entering: Sequence[str], **ways: str) -> None:
        """Let the services, which have not started yet, answer at a host that some words before
        their command lead to."""
        self.host, self._entering = host, tuple(entering)
        self.reach(BULWARK_HOST=host, **ways)

    def wait_until_all_is_read(self) -> None:
        """Until every reader of intake stands where its log ends now."""
        head = self.head("intake")
        eventually(lambda: self.all_have_read(head))

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of `bulwark` as a person at this site would."""
        return subprocess.run(
            [sys.executable, "-m", "bulwark", *words],
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PROGRAM_PATIENCE,
            check=False,
        )

    def start(self) -> None:
        """Start everything and wait until it is ready."""
        self.broker.start()
        self.broker.wait()
        for process in self.processes.values():
            process.start()
        for name in SERVICES:
            self.wait_ready(name)

    def __enter__(self) -> Self:
        """Start everything; what was begun is ended when that fails."""
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        """End everything."""
        self.stop()

    def stop(self) -> None:
        """End everything by its own process id."""
        for process in self.processes.values():
            process.end()
        self.broker.end()
        for database in self.databases.values():
            database.close()

    def health(self, service: str) -> dict[str, Any]:
        """What a service says of itself; empty while it does not answer."""
        try:
            url = f"http://{self.host}:{self.ports[service]}/readyz"
            answer = ask(url)
        except httpx.HTTPError:
            return {}
        found: dict[str, Any] = answer.json()
        return {**found["services"][service], "status": answer.status_code}

    def wait_ready(self, service: str) -> None:
        """Until a service says that it is ready, and at work."""

        def at_work() -> bool:
            health = self.health(service)
            return bool(health.get("ready") and health.get("active"))

        eventually(at_work)

    def clear(self, service: str) -> None:
        """Empty a stopped service's database."""
        self.databases[service].close()
        if self.is_sqlite:
            for file in (self.folder.path / "db").glob(f"{service}.db*"):
                file.unlink()
            return
        with psycopg.connect(self.urls[service], autocommit=True) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")

    def begin_anew(self, service: str) -> None:
        """A stopped service's database and stream are new ones: it reads from the beginning."""
        self.clear(service)
        asyncio.run(streams.delete(self.broker.url, service.upper()))

    def said(self, service: str) -> str:
        """What the process of a service has written for people and logs."""
        return (self.folder.path / f"{service}-{self.ports[service]}.log").read_text()

    def metric(self, service: str, name: str, source: str = "") -> float:
        """A value of a service's own on /metrics, of a source of it; 0 while it is not told."""
        url = f"http://{self.host}:{self.ports[service]}/metrics"
        labels = f'service="{service}"' + (f',source="{source}"' if source else "")
        wanted = f"{name}{{{labels}}} "
        for line in ask(url).text.splitlines():
            if line.startswith(wanted):
                return float(line.removeprefix(wanted))
        return 0.0

    def token(self, role: Role, area: str = "220581") -> str:
        """A token of a role."""
        return self._tokens.mint(role, area, name="test", days=1)

    def load(
        self, seed: int, *, port: int | None = None, pause_seconds: float = PAUSE_SECONDS
    ) -> contextlib.AbstractContextManager[None]:
        """Records flow in while the block runs, to the intake of a port if one is given."""
        return self._sender(port).load(seed, pause_seconds)

    def post_some(self, count: int, seed: int = 1) -> None:
        """A number of records, accepted before this returns."""
        self._sender().post_some(count, seed)

    def try_one(self, id_: str = "") -> httpx.Response:
        """Send one feverish record once; it is entered when it is accepted."""
        return self._sender().try_one(id_ or new_id())

    def _sender(self, port: int | None = None) -> Sender:
        url = f"http://{self.host}:{port or self.ports['intake']}"
        return Sender(url, self.token(Role.RECORDER), self.ledger, self.patience_seconds)

    def linger(self, seconds: float) -> None:
        """Let a fault last; nothing is waited for."""
        threading.Event().wait(seconds)

    def wait_for_records(self, more: int) -> None:
        """Until so many more records were accepted."""
        wanted = len(self.ledger.accepted) + more
        eventually(lambda: len(self.ledger.accepted) >= wanted)

    def figures(self) -> Counter[str]:
        """Rollup's daily figures for the community, of two days: a test may last over midnight."""
        headers = {"Authorization": f"Bearer {self.token(Role.IT)}"}
        url = f"http://{self.host}:{self.ports['rollup']}/rollup/areas/{AREA}/figures"
        today = RealClock().now().date()
        found: Counter[str] = Counter()
        for day in (today - timedelta(days=1), today):
            asked = {"date": day.isoformat()}
            answer = ask(url, seconds=PATIENCE, params=asked, headers=headers)
            found.update(answer.json()["figures"])
        return found

    def check(
        self,
        *,
        whole_stream: bool = True,
        in_order: bool = True,
        dead: Mapping[str, int] | None = None,
        seconds: float = PATIENCE,
    ) -> None:
        """Nothing lost, nothing doubled, nothing out of order, from ledger to projections.

        `dead` says how many events a service is to have set aside, where not none. `in_order` is
        off where a person put back what had been set aside.
        """
        self.lost = self.doubled = None
        eventually(self.at_rest, seconds=seconds)
        found = Comparison(
            self.ledger.read(),
            self.screenings_in("intake", "screening_recorded"),
            self.screenings_in("alerts", "fever_detected"),
        )
        self.lost, self.doubled = found.lost, found.doubled
        found.judge(fevers_in_order=in_order)
        # After a long load one look at the whole of both takes a while.
        eventually(lambda: self.streams_are_copies(whole_stream=whole_stream))
        figures = self.figures()
        assert (figures["screenings"], figures["fevers"]) == (len(found.accepted), len(found.sent))
        aside = {name: len(self.dead(name)) for name in SOURCES}
        assert aside == dict.fromkeys(SOURCES, 0) | dict(dead or {})
