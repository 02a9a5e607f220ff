"""Subscribers' accounts in the file that nats-server includes: added, listed, removed.

The file is the only record: a comment before each account holds the subscriber, and the account is
written from it.
"""

import contextlib
import fcntl
import json
import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from bulwark.broker.accounts import Subscriber, hashed
from bulwark.broker.nats_server import server_on
from bulwark.console import complain
from bulwark.data_folder import Folder
from bulwark.settings import Settings
from shared.exceptions import OperatorError
from shared.files import put_in_place, write_draft

MARK = "# subscriber "
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}", re.ASCII)
PASSWORD_BYTES = 24
HEAD = "# 由 bulwark subscriber 写入,请勿手改 / written by bulwark subscriber: do not edit\n"


class SubscriberError(OperatorError):
    """A subscriber cannot be added or removed; the message says why, in one line."""


@dataclass(frozen=True, slots=True)
class Where:
    """The accounts' file, and the broker that reads it, if one is running."""

    file: Path
    # Where subscribers connect (empty if unknown), and where we do.
    address: str
    inside: str
    pid: int | None = None
    # The server's monitoring port.
    monitor: int | None = None
    system_url: str = ""

    @property
    def running(self) -> bool:
        """Whether there is a broker to reload."""
        return self.pid is not None or bool(self.system_url)


def where(data: Path) -> Where:
    """Where this instance keeps its subscribers; raises FolderError or SubscriberError."""
    settings = Settings()
    if settings.nats_accounts is not None:
        if not settings.nats_system_url:
            raise SubscriberError(
                "缺少设置 BULWARK_NATS_SYSTEM_URL / the setting is missing: "
                "without it the broker cannot be made to reload"
            )
        inside, system = _bare(settings.nats_url), settings.nats_system_url
        return Where(settings.nats_accounts, settings.nats_public_url, inside, system_url=system)
    folder = Folder(data.resolve()).require()
    run = folder.running()
    if run is None:
        _refuse_elsewhere(settings)
        return Where(folder.subscribers, "", "")
    inside = _bare(str(run["nats_url"]))
    public = settings.nats_public_url or inside
    # Not the pid in run.json: the broker may have been restarted since.
    pid, monitor = server_on(folder.nats), run.get("nats_monitor")
    return Where(folder.subscribers, public, inside, pid=pid, monitor=monitor)


def _refuse_elsewhere(settings: Settings) -> None:
    """Raise SubscriberError: a broker named by the settings does not read this folder's file."""
    if "nats_url" in settings.model_fields_set:
        raise SubscriberError(
            "缺少设置 BULWARK_NATS_ACCOUNTS、BULWARK_NATS_SYSTEM_URL / the settings are missing: "
            "the broker of BULWARK_NATS_URL reads its accounts from a file of its own"
        )


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
    """The subscribers in a file, to be changed; written atomically at the end unless it raises."""
    file.parent.mkdir(parents=True, exist_ok=True)
    # Mode 600, like all files beside the keys.
    descriptor = os.open(file.with_name(f".{file.name}.lock"), os.O_WRONLY | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "wb") as lock:
        _give(lock.fileno(), file)
        fcntl.flock(lock, fcntl.LOCK_EX)
        subscribers = read(file)
        yield subscribers
        parts = [
            f"{MARK}{json.dumps(asdict(one))}\n{one.entry()}"
            for _, one in sorted(subscribers.items())
        ]
        mode = file.stat().st_mode & 0o777 if file.exists() else 0o600
        draft = write_draft(file, "\n".join([HEAD, *parts]).encode())
        _give(draft, file)
        # A broker in another container reads it as another user: keep the mode that was set.
        put_in_place(draft, file, mode)


def _give(made: Path | int, file: Path) -> None:
    """As root, give a new file the owner of the old one, or of its folder: the broker reads it."""
    if os.geteuid() == 0:
        owner = (file if file.exists() else file.parent).stat()
        os.chown(made, owner.st_uid, owner.st_gid)


def add(file: Path, name: str, area: str, types: dict[str, list[str]], at: str) -> str:
    """Add a subscriber; returns its password, which is not stored. Raises SubscriberError."""
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
    """Remove a subscriber; raises SubscriberError when there is none with this name."""
    with changing(file) as subscribers:
        if subscribers.pop(name, None) is None:
            raise SubscriberError(f"NAME: 没有订阅方 {name} / no such subscriber")


def with_credentials(address: str, name: str, password: str) -> str:
    """The URL that a subscriber connects with."""
    scheme, _, rest = address.partition("://")
    return f"{scheme}://{name}:{password}@{rest}"


def refuse_unknown_area(data: Path, area: str) -> None:
    """Exit with a message when an area is not in the tree."""
    from shared.areas.tree import Areas

    areas = Areas.open(Folder(data.resolve()).areas)
    try:
        if not areas.exists(area):
            complain(f"--area: 区划表中没有 {area} / is not in the area tree")
    finally:
        areas.close()
