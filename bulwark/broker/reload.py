"""Makes the broker reload its subscribers' accounts, and checks that it did."""

import asyncio
import contextlib
import os
import signal

import nats
import nats.errors
import orjson
from nats.aio.client import Client

from bulwark.broker.nats_server import accounts_read_at
from bulwark.broker.subscribers import SubscriberError, Where, with_credentials
from shared.nats.patches import close_transport

RELOAD_SECONDS = 10.0
TRY_SECONDS = 0.05
# Services that are down do not answer a new subscriber, whose account may be fine all the same.
API_SECONDS = 5.0
PING_SECONDS = 1.0


async def reload(at: Where) -> None:
    """Make the broker reload its accounts; raises SubscriberError when it cannot be reached."""
    if at.pid is not None:
        await _reload_by_signal(at.pid, at.monitor)
    elif at.system_url:
        await _reload_by_request(at.system_url)


async def _reload_by_signal(pid: int, monitor: int | None) -> None:
    """Signal a server on this machine, and wait until it has loaded its configuration."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + RELOAD_SECONDS
    try:
        before = await accounts_read_at(monitor) if monitor else ""
        os.kill(pid, signal.SIGHUP)
        while monitor and await accounts_read_at(monitor) == before:
            if loop.time() > deadline:
                raise SubscriberError(
                    "nats-server 没有重新读取,请看 nats/nats.log / did not reload: see "
                    "nats/nats.log"
                )
            await asyncio.sleep(TRY_SECONDS)
    except (OSError, TimeoutError, ValueError) as error:
        raise SubscriberError(f"nats-server: {error!r}") from error


async def _reload_by_request(url: str) -> None:
    """Ask every server of the system account to reload."""
    try:
        client = await nats.connect(url, allow_reconnect=False, connect_timeout=5, error_cb=_quiet)
    except (nats.errors.Error, OSError, TimeoutError) as error:
        raise SubscriberError(
            f"BULWARK_NATS_SYSTEM_URL: 连不上 / cannot connect: {error}"
        ) from error
    try:
        for server in await _servers(client):
            answer = await client.request(f"$SYS.REQ.SERVER.{server}.RELOAD", b"", timeout=5)
            if fault := orjson.loads(answer.data).get("error"):
                raise SubscriberError(f"nats-server: {fault.get('description')}")
    except (nats.errors.Error, TimeoutError) as error:
        raise SubscriberError(
            f"BULWARK_NATS_SYSTEM_URL: 没有重新读取 / did not reload: {error!r}"
        ) from error
    finally:
        await client.close()


async def _servers(client: Client) -> list[str]:
    inbox = client.new_inbox()
    answers = await client.subscribe(inbox)
    await client.publish("$SYS.REQ.SERVER.PING", b"", reply=inbox)
    found: list[str] = []
    # Those that answer within a second: their number is unknown.
    with contextlib.suppress(TimeoutError, nats.errors.TimeoutError):
        while True:
            answer = await answers.next_msg(PING_SECONDS)
            found.append(str(orjson.loads(answer.data)["server"]["id"]))
    if not found:
        raise SubscriberError("BULWARK_NATS_SYSTEM_URL: 没有应答 / no server answers")
    return found


async def reload_and_check(at: Where, name: str = "", password: str = "") -> int:
    """Make the broker reload its accounts; returns 0 when the new one `name` is not accepted."""
    await reload(at)
    if not name:
        return 1
    url = with_credentials(at.inside, name, password)
    if not await becomes_accepted(url):
        return 0
    # A server (2.15) that first learns of an account in a reload does not forward its imports
    # yet; another reload corrects that.
    await reload(at)
    return int(
        await becomes_accepted(url, API_SECONDS, answered=True) or await becomes_accepted(url)
    )


async def becomes_accepted(
    url: str, seconds: float = RELOAD_SECONDS, *, answered: bool = False
) -> bool:
    """Whether the broker accepts this user, and with `answered` its services answer, in time."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not await is_accepted(url, answered=answered):
        if loop.time() > deadline:
            return False
        await asyncio.sleep(TRY_SECONDS)
    return True


async def is_accepted(url: str, *, answered: bool = False) -> bool:
    """Whether the broker accepts this user now, and with `answered` its services answer."""
    client = Client()
    try:
        await client.connect(url, allow_reconnect=False, connect_timeout=2, error_cb=_quiet)
        if answered:
            await client.request("$JS.API.INFO", b"", timeout=1)
    except (nats.errors.Error, OSError, TimeoutError):
        return False
    finally:
        await client.close()
        close_transport(client)
    return True


async def _quiet(_error: Exception) -> None:
    """A rejection is expected while waiting."""
