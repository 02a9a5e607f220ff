"""A TCP proxy whose line can be cut, slowed and reset."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path

from tests.support.ports import held_port

CHUNK = 65536
# With a linger of nothing, closing a socket resets its connection.
NO_LINGER = struct.pack("ii", 1, 0)


class Proxy:
    """Forwards a port of a host to a port of loopback or a socket of the file system, on a thread
    of its own."""

    def __init__(self, target: int | Path, host: str = "127.0.0.1") -> None:
        self.port = held_port()
        self._host = host
        self._target = target
        self._delay = 0.0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._open: asyncio.Event
        self._writers: set[asyncio.StreamWriter] = set()
        self._lines: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server

    @property
    def url(self) -> str:
        """Where clients of a broker connect."""
        return f"nats://{self._host}:{self.port}"

    def start(self) -> None:
        """Listen."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)

    def stop(self) -> None:
        """End every line."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def cut(self) -> None:
        """Nothing passes either way; nobody is told."""
        self._soon(self._open.clear)

    def mend(self) -> None:
        """What was held up goes on, as the kernel's own retransmission would have it."""
        self._soon(self._open.set)

    def slow(self, seconds: float) -> None:
        """Everything takes so long, each way."""
        self._delay = seconds

    def reset(self) -> None:
        """Reset every connection; who connects anew is served."""
        self._soon(self._reset)

    def _soon(self, action: Callable[[], None]) -> None:
        self._loop.call_soon_threadsafe(action)

    async def _listen(self) -> None:
        self._open = asyncio.Event()
        self._open.set()
        self._server = await asyncio.start_server(self._serve, self._host, self.port)

    async def _end(self) -> None:
        self._server.close()
        self._reset()
        lines = list(self._lines)
        for line in lines:
            line.cancel()
        await asyncio.gather(*lines, return_exceptions=True)

    def _reset(self) -> None:
        for writer in list(self._writers):
            found: socket.socket = writer.get_extra_info("socket")
            with contextlib.suppress(OSError):
                found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await self._connect()
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, back}
        for source, sink in ((reader, back), (there, writer)):
            line = asyncio.ensure_future(self._forward(source, sink))
            self._lines.add(line)
            line.add_done_callback(self._lines.discard)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._target, Path):
            return await asyncio.open_unix_connection(self._target)
        return await asyncio.open_connection("127.0.0.1", self._target)

    async def _forward(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """Pass bytes on, each after the delay of the moment it came, in order."""
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(64)
        sending = asyncio.ensure_future(self._deliver(under_way, sink))
        try:
            with contextlib.suppress(OSError):
                while chunk := await source.read(CHUNK):
                    await under_way.put((self._loop.time() + self._delay, chunk))
            await under_way.put((self._loop.time() + self._delay, b""))
            await sending
        finally:
            sending.cancel()
            self._writers.discard(sink)
            sink.close()

    async def _deliver(
        self, under_way: asyncio.Queue[tuple[float, bytes]], sink: asyncio.StreamWriter
    ) -> None:
        broken = False
        while True:
            at, chunk = await under_way.get()
            if not chunk:
                return
            await asyncio.sleep(max(0.0, at - self._loop.time()))
            await self._open.wait()
            if broken:
                continue
            try:
                sink.write(chunk)
                await sink.drain()
            except OSError:
                broken = True
