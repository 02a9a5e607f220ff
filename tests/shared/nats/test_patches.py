"""nats-py's private names still are what shared/nats/patches.py takes them for: on a real server.

A newer nats-py that breaks one of these needs another patch, or none.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import nats
import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from bulwark.broker.nats_server import Broker
from shared.nats.patches import (
    close_transport,
    install_parser,
    keep_when_connection_is_reset,
    number_of,
    send_frames,
)

PATIENCE_SECONDS = 10.0


def with_client(url: str, work: Callable[[Client], Awaitable[Any]]) -> Any:
    """What comes of some work with a connected client."""

    async def run() -> Any:
        client = await nats.connect(url)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await work(client)
        finally:
            await client.close()

    return asyncio.run(run())


def test_messages_pass_our_parser_when_it_was_put_in_the_librarys_place(broker: Broker) -> None:
    async def work(client: Client) -> tuple[bytes, list[tuple[bytes, bytes, bytes]]]:
        parser = install_parser(client)
        assert install_parser(client) is parser
        ours, theirs = await client.subscribe("ours"), await client.subscribe("theirs")
        heard: list[tuple[bytes, bytes, bytes]] = []
        parser.listeners[number_of(ours)] = lambda *parts: heard.append(parts)
        await client.publish("ours", b"mine", reply="back")
        await client.publish("theirs", b"the library's")
        return (await theirs.next_msg(PATIENCE_SECONDS)).data, heard

    # In the order in which they were published: ours was heard before.
    assert with_client(broker.url, work) == (b"the library's", [(b"back", b"", b"mine")])


def test_parser_is_still_ours_when_the_client_has_connected_again(broker: Broker) -> None:
    async def work(client: Client) -> bytes:
        parser = install_parser(client)
        again = asyncio.Event()

        async def connected() -> None:
            again.set()

        client._reconnected_cb = connected
        subscription = await client.subscribe("ours")
        heard: asyncio.Queue[bytes] = asyncio.Queue()
        parser.listeners[number_of(subscription)] = lambda _reply, _head, body: heard.put_nowait(
            body
        )
        close_transport(client)
        await again.wait()
        await client.publish("ours", b"again")
        return await heard.get()

    async def run() -> bytes:
        async def quiet(_error: Exception) -> None:
            pass

        client = await nats.connect(broker.url, reconnect_time_wait=0.05, error_cb=quiet)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await work(client)
        finally:
            await client.close()

    assert asyncio.run(run()) == b"again"


def test_messages_arrive_in_order_when_their_frames_are_sent_as_one_piece(broker: Broker) -> None:
    frames = b"PUB many 3\r\none\r\nHPUB many 23 26\r\nNATS/1.0\r\nNumber: 2\r\n\r\ntwo\r\n"

    async def work(client: Client) -> list[Msg]:
        subscription = await client.subscribe("many")
        await send_frames(client, frames)
        # What the library sends itself comes after it.
        await client.publish("many", b"three")
        return [await subscription.next_msg(PATIENCE_SECONDS) for _ in range(3)]

    found = with_client(broker.url, work)
    assert [message.data for message in found] == [b"one", b"two", b"three"]
    assert found[1].headers == {"Number": "2"}


def test_socket_is_closed_when_its_transport_is(broker: Broker) -> None:
    async def work(client: Client) -> bool:
        transport = client._transport
        assert transport is not None
        close_transport(client)
        return bool(transport._io_writer.is_closing())  # type: ignore[attr-defined]

    async def run() -> bool:
        client = await nats.connect(broker.url, allow_reconnect=False)
        found = await work(client)
        await client.close()
        return found

    assert asyncio.run(run())
    # A client that never connected has none.
    close_transport(Client())


class _Transport:
    """Where a client writes to, until it is closed under it."""

    def __init__(self, *, closed: bool) -> None:
        self.closed = closed
        self.written: list[bytes] = []

    def writelines(self, lines: list[bytes]) -> None:
        if self.closed:
            raise RuntimeError(
                "unable to perform operation on <TCPTransport>; the handler is closed"
            )
        self.written += lines

    async def drain(self) -> None:
        return None


def test_message_is_kept_for_the_next_connection_when_the_one_at_hand_has_just_gone() -> None:
    async def scenario() -> bytes:
        client = Client()
        keep_when_connection_is_reset(client)
        # As it stands between the end of its writing task and the news of the loss.
        client._status, client._flush_queue = Client.CONNECTED, asyncio.Queue()
        client._max_payload, client._max_pending_size = 1024, 1024
        client._transport = _Transport(closed=True)  # type: ignore[assignment]
        await client.publish("wake.intake", b"here")
        again = _Transport(closed=False)
        client._transport = again  # type: ignore[assignment]
        await client._flush_pending()
        return b"".join(again.written)

    assert b"wake.intake" in asyncio.run(scenario())
