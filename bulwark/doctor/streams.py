"""What the broker says: whether it answers, whether each stream is its log, what readers lack.

An embedded instance that is stopped has no broker: its own is started for a moment, as a start of
the instance would.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
import nats.errors
import orjson

from bulwark.backup.source import Source
from bulwark.broker.nats_server import Broker, BrokerError
from bulwark.data_folder import FolderError
from bulwark.doctor.databases import Seen
from bulwark.doctor.findings import Finding, ill, well
from bulwark.doctor.one_stream import SETTLE_SECONDS, look_at_lag, look_at_stream
from shared.nats.connection import Bus, StreamRefused

CONNECT_SECONDS = 4.0
ANSWER_SECONDS = 2.0
CLOCK_SLACK = timedelta(seconds=5)
LEAST_NATS = (2, 15, 1)

BROKER_ERRORS = (nats.errors.Error, TimeoutError, OSError, StreamRefused)


@dataclass(slots=True)
class Stage:
    """A broker to ask: `running` says whether services work beside it."""

    url: str
    running: bool
    http_url: str | None = None
    findings: list[Finding] = field(default_factory=list)


async def look_at_streams(source: Source, seen: Mapping[str, Seen], now: datetime) -> list[Finding]:
    """Findings of the running processes, the broker and every stream."""
    run = source.folder.running()
    found: list[Finding] = []
    if run is not None:
        found += await _health(str(run["http_url"]), int(run["pid"]))
    else:
        found.append(
            well("running", f"{source.folder.path} 中没有运行的实例", "nothing runs in it")
        )
    try:
        async with _broker(source, run) as stage:
            if stage is not None:
                found += await _ask(stage, source, seen, now)
    except (BrokerError, FolderError) as error:
        found.append(
            ill(
                "broker", str(error), "the broker does not start", ("查看 nats/nats.log", "see why")
            )
        )
    return found


@contextlib.asynccontextmanager
async def _broker(source: Source, run: Mapping[str, Any] | None) -> AsyncIterator[Stage | None]:
    """The broker of the running instance, of the settings, or the stopped instance's own."""
    if run is not None:
        yield Stage(str(run["nats_url"]), running=True, http_url=str(run["http_url"]))
    elif "nats_url" in source.settings.model_fields_set:
        yield Stage(source.settings.nats_url, running=True)
    elif (source.folder.nats / "jetstream").is_dir():
        held = source.folder.hold()
        accounts = source.folder.subscribers
        broker = Broker(source.folder.nats, subscribers=accounts if accounts.exists() else None)
        try:
            await broker.start()
            yield Stage(broker.url, running=False)
        finally:
            await broker.stop()
            held.close()
    else:
        yield None


async def _health(url: str, pid: int) -> list[Finding]:
    """What the running process says of itself."""
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=CONNECT_SECONDS) as client:
            services = (await client.get(f"{url}/readyz")).json()["services"]
            told = {name: (one["clock_jumped"], one["ready"]) for name, one in services.items()}
    except (httpx.HTTPError, ValueError, KeyError):
        return [
            ill(
                "running",
                f"进程 {pid} 在运行,但 {url} 没有应答",
                "the process runs, but does not answer",
                ("查看它的日志;必要时停止后重新启动", "see its log; stop it and start it again"),
            )
        ]
    found = []
    for name, (clock_jumped, ready) in told.items():
        check = f"running {name}"
        if not ready:
            found.append(
                ill(
                    check,
                    f"{name}: 未就绪",
                    "it is not ready",
                    (
                        "刚启动时请稍候;否则按下面“落后”各项做,或查看其日志",
                        "wait when it has just begun; else see what is said below, and its log",
                    ),
                )
            )
        if clock_jumped:
            found.append(
                ill(
                    check,
                    f"{name}: 时钟跳动,或与数据库相差,超过一小时,到期事项已暂停",
                    "the clock jumped, or is off the database's, by an hour: what is due waits",
                    (
                        "校准各机器的时钟,随即自动继续;若以前错、现在对,运行 bulwark trust-clock",
                        "set the clocks, and it goes on; wrong before, right now: trust-clock",
                    ),
                )
            )
    if not found:
        found.append(well("running", f"运行中,进程 {pid},{url}", "it runs, and all is ready"))
    return found


async def _ask(
    stage: Stage, source: Source, seen: Mapping[str, Seen], now: datetime
) -> list[Finding]:
    bus = Bus(stage.url, "bulwark-doctor")
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            await bus.connect()
    except BROKER_ERRORS as error:
        await bus.close()
        return [
            ill(
                "broker",
                f"连不上总线 {_bare(stage.url)}:{error}",
                "the broker does not answer",
                (
                    "查看 NATS 是否运行;期间接收的记录都在库中,恢复后自动补发",
                    "is NATS running? What is accepted meanwhile is on disk, and published later",
                ),
            )
        ]
    try:
        found = [_version(bus)]
        for name, one in seen.items():
            if one.facts is not None:
                found += await look_at_stream(bus, name, source, seen, running=stage.running)
        found += await _clock(bus, now)
        if stage.running:
            found += await _answering(bus, [name for name, one in seen.items() if one.facts])
            found += await look_at_lag(source, seen)
    except BROKER_ERRORS as error:
        steps = ("查看其日志", "see its log")
        return [ill("broker", f"总线出错:{error}", "the broker fails", steps)]
    finally:
        await bus.close()
    return found


async def _answering(bus: Bus, names: Sequence[str]) -> list[Finding]:
    """Whether each service is at work: that its stream equals its log does not say so."""
    missing = [name for name in names if not await _answers(bus, name)]
    if missing:
        # Another process may be taking over.
        await asyncio.sleep(SETTLE_SECONDS)
    return [
        ill(
            f"answers {name}",
            f"{name} 没有在总线上应答",
            "it does not answer on the bus",
            (
                f"查看 {name} 是否运行及其日志;刚换由另一进程接替时,十秒后再看",
                "is it running? See its log; look again in ten seconds when another takes over",
            ),
        )
        for name in missing
        if not await _answers(bus, name)
    ]


async def _answers(bus: Bus, name: str) -> bool:
    try:
        await bus.client.request(f"head.{name}", b"", timeout=ANSWER_SECONDS)
    except (nats.errors.Error, TimeoutError):
        return False
    return True


def _bare(url: str) -> str:
    """An address without the name and password in it."""
    return ",".join(f"nats://{one.rsplit('@', 1)[-1].split('//')[-1]}" for one in url.split(","))


def _version(bus: Bus) -> Finding:
    version = bus.client.connected_server_version
    known = (version.major, version.minor, version.patch)
    said = ".".join(str(part) for part in known)
    if known < LEAST_NATS:
        least = ".".join(str(part) for part in LEAST_NATS)
        return ill("broker", f"NATS {said}", "too old", (f"升级到 {least}", f"upgrade to {least}"))
    return well("broker", f"NATS {said}", "the broker answers")


async def _clock(bus: Bus, now: datetime) -> list[Finding]:
    """The broker's clock, which the age of its messages counts by, is ours."""
    began = datetime.now(now.tzinfo)
    answer = orjson.loads((await bus.request("$JS.API.STREAM.INFO.INTAKE")).data)
    if "ts" not in answer:
        return []
    off = datetime.fromisoformat(f"{str(answer['ts'])[:19]}Z") - began
    if abs(off) <= CLOCK_SLACK:
        return [well("clock", f"时钟一致(相差 {off.total_seconds():+.1f} 秒)", "the clocks agree")]
    return [
        ill(
            "clock",
            f"总线的时钟差 {off.total_seconds():+.0f} 秒",
            "the broker's clock is off",
            ("在每台机器上启用 NTP 校时(timedatectl)", "let NTP set the clock of each machine"),
        )
    ]
