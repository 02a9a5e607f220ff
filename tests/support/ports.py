"""Ports of loopback that stay a test's own, also while the server that listens there is down."""

import socket


class _Held:
    """Sockets that are bound and never listen, closed with the process.

    The system hands none of their ports to anybody who asks for a free one, and a server that
    sets SO_REUSEADDR, as ours, nats-server and asyncio do, may still listen there.
    """

    def __init__(self) -> None:
        self._sockets: list[socket.socket] = []

    def take(self) -> int:
        """One more."""
        holder = socket.socket()
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        self._sockets.append(holder)
        return int(holder.getsockname()[1])

    def __del__(self) -> None:
        for holder in self._sockets:
            holder.close()


_HELD = _Held()


def held_port() -> int:
    """A port that nobody else is given until this process ends."""
    return _HELD.take()
