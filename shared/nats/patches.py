"""The private names of nats-py that this product uses, each in one function that says why.

A newer nats-py may change them without notice: tests/shared/nats/test_patches.py has a test for
each, against a real server, and fails when one is gone or means something else. Those used only
for speed were measured: docs/decisions/0021.
"""

from typing import Any

from nats.aio.client import Client
from nats.aio.subscription import Subscription
from nats.protocol.parser import AWAITING_CONTROL_LINE

from shared.logs import get_logger
from shared.nats.parser import MessageParser

log = get_logger(__name__)


def install_parser(client: Client) -> MessageParser:
    """Replace the library's parser (`Client._ps`) with ours, once; returns ours.

    For speed: the library spends more on parsing a message than a reader does on applying it. It
    must be called before the first subscription, while no message can be half read.
    """
    old: Any = client._ps
    if isinstance(old, MessageParser):
        return old
    if old.state != AWAITING_CONTROL_LINE:
        raise RuntimeError("the client has read half a message")
    parser = MessageParser(client, rest=bytes(old.buf))
    client._ps = parser
    return parser


def number_of(subscription: Subscription) -> bytes:
    """The id of a subscription as the protocol writes it (`Subscription._id`): our parser needs it
    to know which messages are a reader's, and the library has no public name for it."""
    return str(subscription._id).encode()


async def send_frames(client: Client, frames: bytes) -> None:
    """Send bytes that are already in the protocol's form (`_send_command`, `_flush_pending`).

    For speed: `Client.publish` writes each message's headers anew, with the classes of a mail.
    """
    await client._send_command(frames)
    await client._flush_pending()


def keep_when_connection_is_reset(client: Client) -> None:
    """Let a client keep what it cannot send over a connection that has just been lost
    (`Client._flush_pending`), as it does while it reconnects: until it notices the loss, uvloop's
    closed transport raises RuntimeError, which would end the service."""
    flush = client._flush_pending

    async def flush_pending(force_flush: bool = False) -> None:
        try:
            await flush(force_flush)
        except RuntimeError as error:
            log.warning("bus.connection_gone", error=str(error))

    client._flush_pending = flush_pending  # type: ignore[method-assign]


def close_transport(client: Client) -> None:
    """Close a client's socket (`Client._transport`): `Client.close` leaves it open when the server
    rejected or disconnected the user."""
    transport: Any = client._transport
    if transport is not None:
        transport.close()
