"""Subscribers' accounts in the file that nats-server includes: added, listed, removed.

The file is the only record: a comment before each account says who it is, and the account is
written from that.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import re
import secrets
import signal
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import nats
import nats.errors
import orjson
from nats.aio.client import Client

from bulwark.accounts import Subscriber, hashed
from bulwark.folder import Folder
from bulwark.process import complain
from shared.secrets_files import make_private_file
from shared.settings import Settings

MARK = "# subscriber "
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}", re.ASCII)
PASSWORD_BYTES = 24
RELOAD_SECONDS = 10.0
TRY_SECONDS = 0.05
# Services that are down do not answer a new subscriber; that is no fault of its account.
API_SECONDS = 5.0
PING_SECONDS = 1.0
HEAD = "# 由 bulwark subscriber 写入,请勿手改 / written by bulwark subscriber: do not edit\n"


class SubscriberError(Exception):
    """A subscriber cannot be added or removed; the message says why, in one line."""


@dataclass(frozen=True, slots=True)
class Where:
    """The accounts' file, and the broker that reads it; nobody to tell while it does not run."""

    file: Path
    # Where subscribers connect, and where we do.
    address: str
    inside: str = ""
    pid: int | None = None
    system_url: str = ""

    @property
    def running(self) -> bool:
        """Whether there is a broker to be told."""
        return self.pid is not None or bool(self.system_url)


def where(data: Path) -> Where:
    """Where this instance keeps its subscribers; raises FolderError or SubscriberError."""
    settings = Settings()
    if settings.nats_accounts is not None:
        if not settings.nats_system_url:
            raise SubscriberError(
                "缺少设置 BULWARK_NATS_SYSTEM_URL / the setting is missing: "
                "without it the broker cannot be told"
            )
        inside = _bare(settings.nats_url)
        public = settings.nats_public_url or inside
        system = settings.nats_system_url
        return Where(settings.nats_accounts, public, inside, system_url=system)
    folder = Folder(data.resolve()).require()
    run = folder.running()
    if run is None:
        return Where(folder.subscribers, "")
    inside = _bare(str(run["nats_url"]))
    public = settings.nats_public_url or inside
    return Where(folder.subscribers, public, inside, pid=int(run["nats_pid"]))


def _bare(url: str) -> str:
    return re.sub(r"//[^/@]*@", "//", url.split(",", maxsplit=1)[0])


def read(file: Path) -> dict[str, Subscriber]:
    """The subscribers in a file, by name; none when there is no such file."""
    try:
        lines = file.read_text().splitlines()
    except FileNotFoundError:
        return {}
    found = [Subscriber(**json.loads(line[len(MARK) :])) for line in lines if line.startswith(MARK)]
    return {subscriber.name: subscriber for subscriber in found}


@contextlib.contextmanager
def changing(file: Path) -> Iterator[dict[str, Subscriber]]:
    """The subscribers in a file, to be changed; written whole afterwards, unless it raises."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.with_name(f".{file.name}.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subscribers = read(file)
        yield subscribers
        parts = [
            f"{MARK}{json.dumps(asdict(one))}\n{one.entry()}"
            for _, one in sorted(subscribers.items())
        ]
        mode = file.stat().st_mode & 0o777 if file.exists() else 0o600
        draft = file.with_name(f".{file.name}.new")
        draft.unlink(missing_ok=True)
        make_private_file(draft, "\n".join([HEAD, *parts]).encode())
        # A broker in another container reads it as another user: what was allowed stays so.
        draft.chmod(mode)
        draft.replace(file)


def add(file: Path, name: str, area: str, types: dict[str, list[str]], at: str) -> str:
    """Add a subscriber; returns its password, which is kept nowhere. Raises SubscriberError."""
    if not NAME.fullmatch(name):
        raise SubscriberError(
            f"NAME: {name!r} 应为小写字母、数字和连字符,至多 32 个 / "
            "lower-case letters, digits and hyphens, 32 at most"
        )
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    with changing(file) as subscribers:
        if name in subscribers:
            raise SubscriberError(f"NAME: {name} 已存在 / exists: remove it first")
        subscribers[name] = Subscriber(name, area, types, hashed(password), at)
    return password


def remove(file: Path, name: str) -> None:
    """Remove a subscriber; raises SubscriberError when there is none of this name."""
    with changing(file) as subscribers:
        if subscribers.pop(name, None) is None:
            raise SubscriberError(f"NAME: 没有订阅方 {name} / no such subscriber")


async def reload(at: Where) -> None:
    """Make the broker read its accounts again; raises SubscriberError when it cannot be told."""
    if at.pid is not None:
        try:
            os.kill(at.pid, signal.SIGHUP)
        except OSError as error:
            raise SubscriberError(f"nats-server: {error.strerror}") from error
    elif at.system_url:
        await _reload_by_request(at.system_url)


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
    # All that answer within a moment: nobody says how many there are.
    with contextlib.suppress(TimeoutError, nats.errors.TimeoutError):
        while True:
            answer = await answers.next_msg(PING_SECONDS)
            found.append(str(orjson.loads(answer.data)["server"]["id"]))
    if not found:
        raise SubscriberError("BULWARK_NATS_SYSTEM_URL: 没有应答 / no server answers")
    return found


def with_credentials(address: str, name: str, password: str) -> str:
    """The URL that a subscriber connects with."""
    scheme, _, rest = address.partition("://")
    return f"{scheme}://{name}:{password}@{rest}"


async def told(at: Where, name: str = "", password: str = "") -> int:
    """Make the broker read its accounts; with a new one, 1 when it is let in."""
    await reload(at)
    if not name:
        return 1
    url = with_credentials(at.inside, name, password)
    if not await taken_up(url):
        return 0
    # A server (2.15) that meets an account for the first time in a reload does not yet pass on
    # what it imports; the next reload puts that right.
    await reload(at)
    return int(await taken_up(url, API_SECONDS, served=True) or await taken_up(url))


async def taken_up(url: str, seconds: float = RELOAD_SECONDS, *, served: bool = False) -> bool:
    """Whether the broker lets this user in, and its services answer it, within some seconds."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not await lets_in(url, served=served):
        if loop.time() > deadline:
            return False
        await asyncio.sleep(TRY_SECONDS)
    return True


async def lets_in(url: str, *, served: bool = False) -> bool:
    """Whether the broker lets this user in now, and with `served`, its services answer it."""
    client = Client()
    try:
        await client.connect(url, allow_reconnect=False, connect_timeout=2, error_cb=_quiet)
        if served:
            await client.request("$JS.API.INFO", b"", timeout=1)
    except (nats.errors.Error, OSError, TimeoutError):
        return False
    finally:
        await client.close()
        transport: Any = client._transport
        if transport is not None:
            # The client leaves the connection of a user that was refused open.
            transport.close()
    return True


async def _quiet(_error: Exception) -> None:
    """Being refused is what is being waited out."""


def refuse_unknown_area(data: Path, area: str) -> None:
    """Say that an area is not in the tree, and end."""
    from shared.areas import Areas

    areas = Areas.open(Folder(data.resolve()).areas)
    try:
        if not areas.exists(area):
            complain(f"--area: 区划表中没有 {area} / is not in the area tree")
    finally:
        areas.close()
