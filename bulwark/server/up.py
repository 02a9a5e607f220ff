"""`bulwark up`: the whole system in one process and one folder, with a private broker. P3."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from bulwark.broker.nats_server import Broker
from bulwark.console import begun, complain_softly, say
from bulwark.data_folder import Folder
from bulwark.registry import SERVICES
from bulwark.server.gauges import ProcessGauges
from bulwark.server.instance import Instance, listen
from bulwark.server.run_services import refuse_new_keys
from bulwark.settings import Settings, SettingsError
from shared.clock.clock import Clock
from shared.nats.stream import StreamSettings
from shared.security.roles import Role
from shared.site import Site

TOKEN_DAYS = 365


@dataclass(slots=True)
class Machine:
    """A whole instance in this process: its folder, its broker, its services."""

    folder: Folder
    broker: Broker
    instance: Instance
    # The token for county IT, on the first start of a folder.
    token: str | None

    @property
    def url(self) -> str:
        """Where people and programs reach it."""
        return f"http://127.0.0.1:{self.instance.port}"


@contextlib.asynccontextmanager
async def machine(
    folder: Folder, settings: Settings, clock: Clock, *, drill: bool = False, fresh: bool = False
) -> AsyncIterator[Machine]:
    """Start everything, and stop everything at the end; raises errors whose message is one line."""
    listening = listen(settings.host, settings.port)
    urls = {name: f"sqlite:///{folder.path / 'db' / name}.db" for name in SERVICES}
    if not fresh:
        refuse_new_keys(folder, urls)
    folder.prepare(fresh=fresh)
    lock = folder.hold()
    site = folder.site(settings.site, clock, drill=drill)
    broker = Broker(folder.nats, subscribers=folder.subscribers)
    streams = StreamSettings(settings.stream_max_age_seconds)
    gauges = ProcessGauges(folder.path, settings.certificates, broker.store_state)
    instance = Instance(list(SERVICES.values()), site, urls, broker.url, streams, gauges)
    watching: asyncio.Task[None] | None = None
    try:
        await broker.start()
        watching = asyncio.create_task(broker.watch())
        folder.write_run_file(
            pid=os.getpid(),
            http_url=f"http://127.0.0.1:{listening.getsockname()[1]}",
            nats_url=broker.url,
            nats_pid=broker.pid,
            nats_monitor=broker.monitor,
        )
        # Before anything answers: a program that waits for readiness reads the token next.
        token = first_token(folder, site)
        await instance.start(listening)
        await instance.ready()
        begun()
        yield Machine(folder, broker, instance, token)
    finally:
        if watching is not None:
            watching.cancel()
        await instance.stop()
        await broker.stop()
        folder.remove_run_file()
        site.areas.close()
        site.vault.close()
        lock.close()


def refuse_databases_elsewhere(settings: Settings) -> None:
    """Raise SettingsError when the settings name other databases than those `up` uses."""
    for name in SERVICES:
        here = f"sqlite:///{settings.data.resolve() / 'db' / name}.db"
        if settings.database_url(name) != here:
            raise SettingsError(
                f"BULWARK_{name.upper()}_DATABASE_URL: bulwark up 只用数据文件夹中的库,"
                "请去掉此设置,或用 bulwark run / up always uses the databases in the data folder: "
                "unset this, or use bulwark run"
            )


def first_token(folder: Folder, site: Site) -> str | None:
    """The first `it` token, written to `DIR/token`; None if there already was one."""
    if folder.token.exists():
        return None
    roots = site.areas.roots()
    area = roots[0].code if len(roots) == 1 else ""
    token = site.tokens.mint(Role.IT, area, name="it", days=TOKEN_DAYS)
    descriptor = os.open(folder.token, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(token + "\n")
    return token


def print_welcome(running: Machine) -> None:
    """Print where it runs and what to do next."""
    data = running.folder.path
    say(f"Bulwark 已启动 / is up: {running.url}   (Ctrl-C 停止 / stops it)")
    say(f"  数据 / data: {data}   总线 / bus: {running.broker.address}")
    if running.token:
        say(f"  it 令牌 / it token ({data / 'token'}): {running.token}")
    county = example_area(running)
    say("  采集员令牌 / a recorder's token:")
    # As the user called it, so that the line can be pasted where it is not on the path.
    program = sys.argv[0] if sys.argv[0].endswith("bulwark") else f"{sys.executable} -m bulwark"
    say(f"    {program} token --data {data} --role recorder --area {county} --name 张三")


def example_area(running: Machine) -> str:
    """The county at the top of the tree, for examples."""
    areas = running.instance.site.areas
    code = areas.roots()[0].code
    while len(code) < 6 and (children := areas.children(code)):
        code = children[0].code
    return code


async def stay(running: Machine) -> int:
    """Stay up until cancelled; returns 1 when a service fails permanently."""
    complain_softly(await running.instance.failed())
    return 1


async def up(data: Path, settings: Settings, clock: Clock, *, fresh: bool) -> int:
    """Everything on one machine until Ctrl-C."""
    folder = Folder(data.resolve())
    async with machine(folder, settings, clock, fresh=fresh) as running:
        print_welcome(running)
        async with contextlib.AsyncExitStack() as stack:
            if settings.backup_nightly:
                from bulwark.backup.nightly import nightly_backups

                await stack.enter_async_context(nightly_backups(folder.path, clock))
            return await stay(running)
