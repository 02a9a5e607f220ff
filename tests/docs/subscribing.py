"""A site with a subscriber, and a subscriber's program that is started, stopped and read."""

import contextlib
import json
import os
import signal
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nats

from bulwark.broker import reload as broker_reload
from bulwark.broker import subscribers
from bulwark.broker.nats_server import Broker
from tests.support.harness import PATIENCE, PROGRAM_PATIENCE, Node, eventually, new_id
from tests.support.paths import ROOT

EXAMPLES = ROOT / "docs" / "examples"
MINE, OTHERS = "220581001001", "220581002001"
TOWNSHIP = MINE[:9]


@dataclass(frozen=True)
class Asked:
    """What a subscriber's program is told; the same for each language."""

    url: str
    place: Path
    since: str = ""


@dataclass
class Program:
    """A running subscriber's program and what it printed."""

    command: Sequence[str]
    environment: Mapping[str, str]
    said: list[dict[str, Any]] = field(default_factory=list)
    complained: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._process = subprocess.Popen(
            self.command,
            env={**os.environ, "SILENCE_SECONDS": "2", **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._readers = [
            threading.Thread(target=self._read, args=(self._process.stdout, self._event)),
            threading.Thread(
                target=self._read, args=(self._process.stderr, self.complained.append)
            ),
        ]
        for reader in self._readers:
            reader.start()

    def _event(self, line: str) -> None:
        if line.startswith("{"):
            self.said.append(json.loads(line))

    def _read(self, pipe: Any, keep: Callable[[str], None]) -> None:
        for line in pipe:
            keep(line)
        pipe.close()

    @property
    def ended(self) -> bool:
        """Whether it ended by itself."""
        return self._process.poll() is not None

    @property
    def exit_code(self) -> int:
        """What it ended with, once it has ended by itself."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(PROGRAM_PATIENCE)
        assert self.ended, "".join(self.complained)
        for reader in self._readers:
            reader.join()
        return int(self._process.returncode)

    @property
    def screenings(self) -> list[str]:
        """The screenings of the events it printed, in order."""
        return [one["data"]["screening_id"] for one in list(self.said)]

    def until(self, screenings: Sequence[str]) -> None:
        """Wait until it has printed exactly these."""

        def done() -> bool:
            assert self._process.poll() is None, "".join(self.complained)
            return len(self.screenings) >= len(screenings)

        eventually(done)
        assert self.screenings == list(screenings), "".join(self.complained)

    def until_kept(self, place: Path) -> None:
        """Wait until its place is that of the last event it printed: it prints first."""

        def kept() -> bool:
            assert self._process.poll() is None, "".join(self.complained)
            found = json.loads(place.read_text()) if place.exists() else {}
            return bool(found.get("id") == self.said[-1]["id"])

        eventually(kept)

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it by a signal."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, how)
        self._process.wait(PATIENCE)
        for reader in self._readers:
            reader.join()


@contextmanager
def running(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[Program]:
    """A program that does not outlive the test."""
    program = Program(command, environment)
    try:
        yield program
    finally:
        program.end(signal.SIGKILL)


@dataclass
class Site:
    """A node with a subscriber of one township."""

    node: Node
    url: str = ""

    def subscribe(self) -> None:
        """Add the subscriber."""
        file = self.node.folder.subscribers
        types = {"alerts": ["fever_detected"]}
        password = subscribers.add(file, "hospital", TOWNSHIP, types, "2021-01-18T08:00:00+08:00")
        here = self.node.broker.address
        where = subscribers.Where(file, here, here, pid=self.node.broker.pid)
        assert self.node.run(broker_reload.reload_and_check(where, "hospital", password)) == 1
        self.url = subscribers.with_credentials(here, "hospital", password)

    def unsubscribe(self) -> None:
        """Take the subscriber's account away; the server cuts it off."""
        file, here = self.node.folder.subscribers, self.node.broker.address
        subscribers.remove(file, "hospital")
        where = subscribers.Where(file, here, here, pid=self.node.broker.pid)
        self.node.run(broker_reload.reload_and_check(where))

    def last_sequence(self) -> int:
        """The number of the stream's last message."""
        return int(self._state()["last"])

    def fevers(self, count: int, area: str = MINE) -> list[str]:
        """Some fevers, each with one elsewhere beside it; returns their screenings."""
        return [self._fever(area) for _ in range(count) if self._fever(OTHERS)]

    def _fever(self, area: str) -> str:
        body = {"id": new_id(), "area": area, "place_kind": "checkpoint", "temperature_c": 38.6}
        assert self.node.client("recorder").post("/intake/screenings", body).status_code == 201
        return str(body["id"])

    def restart_broker(self) -> None:
        """The broker goes away and comes back where it was."""
        broker: Broker = self.node.broker
        self.node.run(broker.stop())
        self.node.run(broker.start())

    def make_stream_again(self) -> None:
        """The stream is deleted, with its consumers, and made again from the log."""
        before = self._state()["created"]

        def again() -> bool:
            state = self._state()
            head = self.node.runtime("alerts").writer.head
            return state.get("created", before) != before and bool(state["last"] == head)

        self.node.run(self._ask("STREAM.DELETE.ALERTS"))
        eventually(again)

    def _state(self) -> dict[str, Any]:
        info = self.node.run(self._ask("STREAM.INFO.ALERTS"))
        if "error" in info:
            return {}
        return {"created": info["created"], "last": info["state"]["last_seq"]}

    async def _ask(self, verb: str) -> dict[str, Any]:
        client = await nats.connect(self.node.broker.url, connect_timeout=PATIENCE)
        try:
            answer = await client.request(f"$JS.API.{verb}", b"", timeout=PATIENCE)
            found: dict[str, Any] = json.loads(answer.data)
            return found
        finally:
            await client.close()


Start = Callable[[Asked], tuple[Sequence[str], Mapping[str, str]]]


def plain(asked: Asked) -> tuple[Sequence[str], Mapping[str, str]]:
    """The program that uses nats-py alone."""
    file = str(EXAMPLES / "python" / "subscriber.py")
    command = [sys.executable, file, asked.url, "--stream", "ALERTS", "--place", str(asked.place)]
    command += ["--types", "fever_detected", "--area", TOWNSHIP]
    return [*command, *(["--from", asked.since] if asked.since else [])], {}


def faststream(asked: Asked) -> tuple[Sequence[str], Mapping[str, str]]:
    """The program that uses FastStream."""
    folder = str(EXAMPLES / "python")
    app = "subscriber_faststream:app"
    command = [sys.executable, "-m", "faststream", "run", "--app-dir", folder, app]
    parts = [TOWNSHIP[:2], TOWNSHIP[2:4], TOWNSHIP[4:6], TOWNSHIP[6:]]
    told = {
        "BULWARK_URL": asked.url,
        "STREAM": "ALERTS",
        "PLACE": str(asked.place),
        "SUBJECTS": f"events.alerts.fever_detected.{'.'.join(parts)}.>",
    }
    return command, {**told, "FROM": asked.since} if asked.since else told


def javascript(asked: Asked) -> tuple[Sequence[str], Mapping[str, str]]:
    """The program in JavaScript; it checks each event with the site's schemas, if told."""
    file = str(EXAMPLES / "javascript" / "subscriber.js")
    command = ["node", file, asked.url, "--stream", "ALERTS", "--place", str(asked.place)]
    command += ["--types", "fever_detected", "--area", TOWNSHIP]
    return [*command, *(["--from", asked.since] if asked.since else [])], {}


def every_fault(site: Site, start: Start, folder: Path) -> None:
    """The story of a subscriber: it reads, stops, misses, goes on, loses its server and stream."""
    sent = site.fevers(3)
    site.node.settle()
    asked = Asked(site.url, folder / "place.json")
    with running(*start(asked)) as program:
        program.until(sent)
        live = site.fevers(2)
        program.until([*sent, *live])
        program.until_kept(asked.place)
        program.end(signal.SIGKILL)
    missed = site.fevers(3)
    with running(*start(asked)) as program:
        program.until(missed)
        site.restart_broker()
        missed += site.fevers(2)
        program.until(missed)
        site.make_stream_again()
        missed += site.fevers(2)
        program.until(missed)
        site.restart_broker()
        site.make_stream_again()
        missed += site.fevers(1)
        program.until(missed)


def from_a_date(site: Site, start: Start, folder: Path) -> None:
    """It begins at an instant; what was before is not read, even when the stream is younger."""
    site.fevers(2)
    site.node.settle()
    since = site.node.now().isoformat()
    sent = site.fevers(2)
    site.node.settle()
    site.make_stream_again()
    with running(*start(Asked(site.url, folder / "place.json", since))) as program:
        program.until(sent)


def no_instant(start: Start, folder: Path) -> None:
    """It ends before it connects when it is told to begin at what is no instant."""
    for since in ("2021-01-18T08:00:00", "2021-01-18", "yesterday", "yesterday+08:00"):
        asked = Asked("nats://hospital:secret@127.0.0.1:1", folder / "place.json", since)
        with running(*start(asked)) as program:
            assert program.exit_code != 0
            assert "from" in program.complained[-1].lower()


def restored_site(site: Site, start: Start, folder: Path) -> None:
    """Under the number of the place stands another event: the program ends and says why."""
    sent = site.fevers(2)
    site.node.settle()
    asked = Asked(site.url, folder / "place.json")
    with running(*start(asked)) as program:
        program.until(sent)
        program.until_kept(asked.place)
    kept = json.loads(asked.place.read_text())
    asked.place.write_text(json.dumps({**kept, "id": "of-an-event-that-is-gone"}))
    site.fevers(1)
    with running(*start(asked)) as program:
        assert program.exit_code != 0
        assert "no longer the event that we handled" in "".join(program.complained)
        assert not program.said
    # As settled: the one before is the last that still holds.
    asked.place.write_text(json.dumps({"sequence": kept["sequence"] - 1}))
    with running(*start(asked)) as program:
        eventually(lambda: sent[-1] in program.screenings)


def quiet_for_long(site: Site, start: Start, folder: Path) -> None:
    """What is not ours moves the place on too, so that nothing seems missed when it is old."""
    sent = site.fevers(1)
    site.node.settle()
    asked = Asked(site.url, folder / "place.json")
    with running(*start(asked)) as program:
        program.until(sent)
        program.until_kept(asked.place)
        before = json.loads(asked.place.read_text())
        site.fevers(3, OTHERS)
        site.node.settle()
        last = site.last_sequence()
        eventually(lambda: json.loads(asked.place.read_text())["seen"] == last)
        assert json.loads(asked.place.read_text()) == {**before, "seen": last}
        program.until([*sent, *site.fevers(1)])


@contextmanager
def refusing_broker() -> Iterator[str]:
    """A server that lets everybody in and answers what it is asked with an error of protocol, as
    one that is overloaded does; its address."""

    class Refusing(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            info = {"server_id": "X", "version": "2.15.1", "max_payload": 1 << 20, "headers": True}
            self.wfile.write(f"INFO {json.dumps(info)}\r\n".encode())
            for line in self.rfile:
                if line.startswith(b"PING"):
                    self.wfile.write(b"PONG\r\n")
                elif line.startswith((b"PUB", b"HPUB")):
                    self.wfile.write(b"-ERR 'Maximum Payload Violation'\r\n")
                    return

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Refusing)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"nats://hospital:secret@127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
