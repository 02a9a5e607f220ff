"""A drill goes on when a connection is lost, and ends in one line when a service stays away. V9."""

import asyncio
import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bulwark.drill.calls import Calls, DrillStopped, body_of
from bulwark.drill.play import _raise_failure, _while_all_run
from bulwark.drill.player import _within_limit
from bulwark.server.instance import KEEP_ALIVE_SECONDS
from tests.support.harness import PROGRAM_PATIENCE

SHORT = timedelta(seconds=0.3)
LONG = timedelta(minutes=5)

PROGRAM = """
import datetime, sys
from bulwark.cli.main import main
from bulwark.drill import calls, player
from bulwark.server.up import Machine

class Calls(calls.Calls):
    def __init__(self, url):
        super().__init__(url, away=datetime.timedelta(seconds=0.3))

player.Calls = Calls
Machine.url = property(lambda machine: sys.argv[-1])
sys.argv = ["bulwark", "drill", sys.argv[1]]
main()
"""


@dataclass
class Closing:
    """A server that closes so many connections in the moment of a request, and then answers."""

    closes: int
    resets: bool
    connections: int = 0
    bodies: list[dict[str, Any]] = field(default_factory=list)
    port: int = 0

    async def serve(self) -> asyncio.Server:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await self._answered(reader, writer):
                pass
        except asyncio.IncompleteReadError:
            pass
        finally:
            if self.resets:
                writer.transport.abort()
            writer.close()

    async def _answered(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
        body = await reader.readexactly(int(length[1])) if length else b""
        if body:
            self.bodies.append(json.loads(body))
        # The first request of all is answered: the next goes through a connection that was kept.
        if len(self.bodies) > 1 and self.closes > 0:
            self.closes -= 1
            return False
        writer.write(b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}")
        await writer.drain()
        return True


@pytest.mark.parametrize("resets", [False, True], ids=["closed", "reset"])
def test_call_is_made_again_with_its_id_when_its_connection_is_lost(*, resets: bool) -> None:
    async def two_calls() -> Closing:
        closing = Closing(closes=2, resets=resets)
        async with await closing.serve():
            calls = Calls(f"http://127.0.0.1:{closing.port}", away=LONG)
            for number in (1, 2):
                body = {"number": number}
                answer = await calls.send("POST", "/alerts/alerts/1/acknowledge", {}, body)
                assert answer.status_code == 201
            await calls.close()
        return closing

    closing = asyncio.run(two_calls())
    first, *repeated = closing.bodies
    assert first["number"] == 1
    assert [body["number"] for body in repeated] == [2, 2, 2]
    assert len({body["id"] for body in repeated}) == 1
    assert repeated[0]["id"] != first["id"]
    # The one that was kept, and one for each attempt after it.
    assert closing.connections == 3


def test_body_keeps_its_id_when_it_has_one() -> None:
    async def one_call() -> Closing:
        closing = Closing(closes=0, resets=False)
        async with await closing.serve():
            calls = Calls(f"http://127.0.0.1:{closing.port}")
            await calls.send("POST", "/intake/cases", {}, {"id": "mine"})
            await calls.close()
        return closing

    assert asyncio.run(one_call()).bodies == [{"id": "mine"}]


@contextmanager
def nobody() -> Iterator[str]:
    """An address where nobody answers, and nobody else can begin to."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


def test_call_and_reason_are_named_when_a_service_stays_away() -> None:
    async def call(url: str) -> None:
        calls = Calls(url, away=SHORT)
        try:
            await calls.get("/alerts/alerts", {})
        finally:
            await calls.close()

    with nobody() as url, pytest.raises(DrillStopped) as stopped:
        asyncio.run(call(url))
    said = str(stopped.value)
    assert said.count("GET /alerts/alerts") == 2
    assert "演练中止" in said.split(" / ", 1)[0]
    assert "the drill stopped" in said


def test_drill_ends_in_one_line_when_a_service_stays_away(tmp_path: Path) -> None:
    file = tmp_path / "short.toml"
    file.write_text(
        'title_zh = "短"\ntitle_en = "short"\narea = "220581"\ndays = 1\nseed = 1\n'
        '[[step]]\nday = 1\nat = 08:00:00\nwho = "recorder"\ncall = "POST /intake/screenings"\n'
        'as = "one"\nbody = { area = "220581001001", temperature_c = 36.5, place_kind = "home" }\n'
    )
    with nobody() as url:
        ended = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(file), url],
            capture_output=True,
            text=True,
            timeout=PROGRAM_PATIENCE,
            check=False,
        )
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert "POST /intake/screenings" in line
    assert "Traceback" not in ended.stdout


def test_drill_stops_and_says_why_when_a_service_fails_for_good() -> None:
    ended = asyncio.Event()

    async def play() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    class Failed:
        async def failed(self) -> BaseException:
            return RuntimeError("disk is gone")

    running: Any = SimpleNamespace(instance=Failed())
    with pytest.raises(DrillStopped, match="disk is gone"):
        asyncio.run(_while_all_run(play(), _raise_failure(running)))
    assert ended.is_set()


def test_drill_stops_and_says_why_when_the_events_are_never_processed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bulwark.drill.player.SETTLE_SECONDS", 0.05)
    with pytest.raises(DrillStopped, match="not all processed"):
        asyncio.run(_within_limit(lambda: False, "drill.no_rest"))


def test_answer_is_told_as_a_detail_when_it_is_no_json() -> None:
    async def asked() -> dict[str, Any]:
        async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 500 Error\r\ncontent-length: 4\r\n\r\nOops")
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(plain, "127.0.0.1", 0) as server:
            calls = Calls(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
            answer = await calls.get("/", {})
            await calls.close()
        return body_of(answer)

    assert asyncio.run(asked()) == {"detail": "Oops"}


def test_caddy_closes_first_when_a_connection_is_idle() -> None:
    caddyfile = Path("deploy/caddy/Caddyfile").read_text()
    kept = re.findall(r"^\s*keepalive (\d+)s$", caddyfile, re.MULTILINE)
    # One part of the file is imported by the way to every service.
    assert len(kept) == 1
    assert caddyfile.count("import patience") == 4
    assert int(kept[0]) <= KEEP_ALIVE_SECONDS / 2
    # Programs keep one for up to 75 seconds.
    assert KEEP_ALIVE_SECONDS > 75
