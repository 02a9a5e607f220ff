"""A site as compose would run it: a process per service, a broker, databases; and its ledger."""

import asyncio
import contextlib
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any, Self

import httpx
import orjson
import psycopg
from sqlalchemy import select

from bulwark.folder import Folder
from shared.auth import Role
from shared.clock import RealClock
from shared.db import Database
from shared.events import parse
from shared.inbox import dead_letters, places
from shared.log import events, head_of
from tests.faults import streams
from tests.faults.ledger import FEVER_C, Ledger
from tests.faults.processes import BrokerProcess, Process
from tests.harness import PostgresServer, eventually, new_id
from tests.ports import held_port

SERVICES = ("intake", "alerts", "volunteers", "rollup")
SOURCES = {
    "alerts": ("intake",),
    "volunteers": ("intake", "alerts"),
    "rollup": ("intake", "alerts", "volunteers"),
}
AREA = "220581001001"
# Many small requests at once, so that a fault meets a transaction that several callers share.
CALLERS, BATCHES = 4, (1, 1, 3, 20)


class Site:
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
        self.broker = broker or BrokerProcess(folder / "broker" / "store")
        self.urls = {
            name: postgres.new_database() if postgres else f"sqlite:///{folder}/db/{name}.db"
            for name in SERVICES
        }
        self.environment = {
            "BULWARK_DATA": str(folder),
            "BULWARK_NATS_URL": self.broker.urls,
            "BULWARK_STREAM_REPLICAS": str(replicas),
            "BULWARK_STREAM_MAX_AGE_SECONDS": str(max_age_seconds),
            **{f"BULWARK_{name.upper()}_DATABASE_URL": url for name, url in self.urls.items()},
        }
        self.host = "127.0.0.1"
        self._entering: tuple[str, ...] = ()
        # How long a caller tries to get a record accepted.
        self.patience_seconds = 60.0
        self.ports = {name: held_port() for name in SERVICES}
        self.processes = {name: self.process(name, self.ports[name]) for name in SERVICES}
        self.take_keys()
        self.ledger = Ledger(folder / "ledger")
        self.is_sqlite = postgres is None
        # What the last check found wanting; None before it has counted.
        self.lost: int | None = None
        self.doubled: int | None = None
        self.databases = {name: Database(url) for name, url in self.urls.items()}

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

    def all_have_read(self, head: int) -> bool:
        """Whether every reader of intake has applied its log up to a number."""
        readers = (name for name, sources in SOURCES.items() if "intake" in sources)
        return all(self.place(name, "intake") >= head for name in readers)

    def wait_until_all_is_read(self) -> None:
        """Until every reader of intake stands where its log ends now."""
        head = self.head("intake")
        eventually(lambda: self.all_have_read(head), seconds=60)

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of `bulwark` as a person at this site would."""
        return subprocess.run(
            [sys.executable, "-m", "bulwark", *words],
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
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
            answer = httpx.get(url, trust_env=False, timeout=5)
        except httpx.HTTPError:
            return {}
        found: dict[str, Any] = answer.json()
        return {**found["services"][service], "status": answer.status_code}

    def wait_ready(self, service: str) -> None:
        """Until a service says that it is ready, and at work."""

        def at_work() -> bool:
            health = self.health(service)
            return bool(health.get("ready") and health.get("active"))

        eventually(at_work, seconds=30)

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
        for line in httpx.get(url, trust_env=False, timeout=5).text.splitlines():
            if line.startswith(wanted):
                return float(line.removeprefix(wanted))
        return 0.0

    def token(self, role: Role, area: str = "220581") -> str:
        """A token of a role."""
        return self._tokens.mint(role, area, name="test", days=1)

    @contextlib.contextmanager
    def load(self, seed: int, *, port: int | None = None) -> Iterator[None]:
        """Records flow in while the block runs, each sent with its id until it is accepted."""
        ending = threading.Event()
        faults: list[BaseException] = []

        def flow(caller: int) -> None:
            try:
                self._flow(Random(f"{seed} {caller}"), ending, port or self.ports["intake"])
            except BaseException as error:  # noqa: BLE001 - told to the test below
                faults.append(error)

        callers = [threading.Thread(target=flow, args=(caller,)) for caller in range(CALLERS)]
        for thread in callers:
            thread.start()
        try:
            yield
        finally:
            ending.set()
            for thread in callers:
                thread.join(self.patience_seconds + 30)
        assert not any(thread.is_alive() for thread in callers), "the load did not end"
        assert not faults, faults

    def _flow(self, random: Random, ending: threading.Event, port: int) -> None:
        headers = {"Authorization": f"Bearer {self.token(Role.RECORDER)}"}
        url = f"http://{self.host}:{port}"
        with httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=30) as client:
            while not ending.is_set():
                self.send(client, random.choice(BATCHES), random)
                ending.wait(0.02)

    def send(self, client: httpx.Client, count: int, random: Random) -> None:
        """Send some records, again and again until they are accepted; then enter them."""
        records = [
            {
                "id": new_id(),
                "area": AREA,
                "place_kind": "checkpoint",
                "temperature_c": FEVER_C if random.random() < 0.05 else 36.5,
            }
            for _ in range(count)
        ]
        deadline = time.monotonic() + self.patience_seconds
        while not self._accepted(client, records):
            assert time.monotonic() < deadline, "a record was not accepted in time"
            time.sleep(0.02)
        self.ledger.enter({str(r["id"]): float(str(r["temperature_c"])) for r in records})

    def _accepted(self, client: httpx.Client, records: list[dict[str, Any]]) -> bool:
        try:
            if len(records) == 1:
                return client.post("/intake/screenings", json=records[0]).is_success
            lines = b"\n".join(orjson.dumps(record) for record in records)
            answer = client.post("/intake/screenings/bulk", content=lines)
        except httpx.HTTPError:
            return False
        if answer.is_success:
            found = answer.json()
            assert not found["rejected"], found
            assert found["recorded"] + found["duplicates"] == len(records)
        return answer.is_success

    def try_one(self, id_: str = "") -> httpx.Response:
        """Send one feverish record once; it is entered when it is accepted."""
        body = {
            "id": id_ or new_id(),
            "area": AREA,
            "place_kind": "checkpoint",
            "temperature_c": FEVER_C,
        }
        headers = {"Authorization": f"Bearer {self.token(Role.RECORDER)}"}
        url = f"http://{self.host}:{self.ports['intake']}/intake/screenings"
        answer = httpx.post(url, json=body, headers=headers, trust_env=False, timeout=30)
        if answer.is_success:
            self.ledger.enter({str(body["id"]): FEVER_C})
        return answer

    def linger(self, seconds: float) -> None:
        """Let a fault last; nothing is waited for."""
        threading.Event().wait(seconds)

    def wait_for_records(self, more: int) -> None:
        """Until so many more records were accepted."""
        wanted = len(self.ledger.accepted) + more
        eventually(lambda: len(self.ledger.accepted) >= wanted, seconds=60)

    def post_some(self, count: int, seed: int = 1) -> None:
        """A number of records, accepted before this returns."""
        headers = {"Authorization": f"Bearer {self.token(Role.RECORDER)}"}
        url = f"http://{self.host}:{self.ports['intake']}"
        random = Random(seed)
        with httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=30) as client:
            for start in range(0, count, 500):
                self.send(client, min(500, count - start), random)

    def log(self, service: str) -> list[tuple[int, bytes]]:
        """A service's log, in order."""
        with self.databases[service].reading() as session:
            rows = session.execute(
                select(events.c.sequence, events.c.document).order_by(events.c.sequence)
            ).all()
        return [(row.sequence, bytes(row.document)) for row in rows]

    def head(self, service: str) -> int:
        """The number of the last event of a service's log."""
        with self.databases[service].reading() as session:
            return head_of(session.connection())

    def stream(self, service: str) -> list[tuple[int, bytes]]:
        """A service's stream, in order; empty while there is none."""
        return asyncio.run(streams.whole(self.broker.url, service.upper()))

    def stream_state(self, service: str, *, seconds: float = 5) -> dict[str, Any]:
        """What STREAM.INFO says of a service's stream."""
        return asyncio.run(streams.state_of(self.broker.url, service.upper(), seconds))

    def stream_end(self, service: str, *, seconds: float = 5) -> int:
        """The number of the last message of a service's stream; -1 while there is none."""
        found = self.stream_state(service, seconds=seconds)
        return int(found["state"]["last_seq"]) if "state" in found else -1

    def at_rest(self) -> bool:
        """Whether every stream ends where its log does, and every reader stands there."""
        heads = {name: self.head(name) for name in SERVICES}
        if any(self.stream_end(name) != heads[name] for name in SERVICES):
            return False
        return all(
            self.place(name, source) == heads[source]
            for name, sources in SOURCES.items()
            for source in sources
        )

    def place(self, service: str, source: str) -> int:
        """How far a service has applied a source, as its database says."""
        with self.databases[service].reading() as session:
            query = select(places.c.sequence).where(places.c.source == source)
            return session.execute(query).scalar() or 0

    def dead(self, service: str) -> list[Any]:
        """What a service set aside."""
        with self.databases[service].reading() as session:
            return list(session.execute(select(dead_letters)).all())

    def figures(self) -> Counter[str]:
        """Rollup's daily figures for the community, of two days: a test may last over midnight."""
        headers = {"Authorization": f"Bearer {self.token(Role.IT)}"}
        url = f"http://{self.host}:{self.ports['rollup']}/rollup/areas/{AREA}/figures"
        today = RealClock().now().date()
        found: Counter[str] = Counter()
        for day in (today - timedelta(days=1), today):
            asked = {"date": day.isoformat()}
            answer = httpx.get(url, params=asked, headers=headers, trust_env=False)
            found.update(answer.json()["figures"])
        return found

    def screenings_in(self, service: str, kind: str) -> Counter[str]:
        """How often each screening stands in the events of one kind in a service's log."""
        envelopes = (parse(document) for _, document in self.log(service))
        wanted = f"bulwark.{service}.{kind}"
        return Counter(one["data"]["screening_id"] for one in envelopes if one["type"] == wanted)

    def check(
        self,
        *,
        whole_stream: bool = True,
        in_order: bool = True,
        dead: Mapping[str, int] | None = None,
        seconds: float = 60,
    ) -> None:
        """Nothing lost, nothing doubled, nothing out of order, from ledger to projections.

        `dead` says how many events a service is to have set aside, where not none. `in_order` is
        off where a person put back what had been set aside.
        """
        self.lost = self.doubled = None
        eventually(self.at_rest, seconds=seconds)
        accepted = self.ledger.read()
        sent = {id_ for id_, temperature in accepted.items() if temperature == FEVER_C}
        logged = self.screenings_in("intake", "screening_recorded")
        found = self.screenings_in("alerts", "fever_detected")
        missing = accepted.keys() - logged.keys()
        self.lost = len(missing | (sent - found.keys()))
        self.doubled = sum(times - 1 for counted in (logged, found) for times in counted.values())
        assert not self.lost, f"{len(missing)} of {self.lost} are not in the log, others not found"
        assert not self.doubled, f"{self.doubled} records are in a log more than once"
        assert logged.keys() == accepted.keys(), "the log holds what nobody was told of"
        assert found.keys() == sent, "the fevers found are not those sent"
        # A Counter keeps the order in which it met its keys, which is the log's.
        assert not in_order or list(found) == [id_ for id_ in logged if id_ in sent], "out of order"
        # After a long load one look at the whole of both takes a while.
        eventually(lambda: self._streams_are_copies(whole_stream=whole_stream), seconds=120)
        figures = self.figures()
        assert (figures["screenings"], figures["fevers"]) == (len(accepted), len(sent))
        aside = {name: len(self.dead(name)) for name in SOURCES}
        assert aside == dict.fromkeys(SOURCES, 0) | dict(dead or {})

    def _streams_are_copies(self, *, whole_stream: bool) -> bool:
        for name in SERVICES:
            logged = self.log(name)
            assert [number for number, _ in logged] == list(range(1, len(logged) + 1))
            streamed = self.stream(name)
            first = streamed[0][0] if streamed else len(logged) + 1
            if streamed != logged[first - 1 :] or (whole_stream and len(streamed) < len(logged)):
                return False
        return True
