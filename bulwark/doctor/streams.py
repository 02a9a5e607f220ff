"""Checks of the broker: whether it answers, whether each stream is a copy of its log, reader lag.

A stopped embedded instance has no running broker: its own is started for a moment, as a start of
the instance would do.
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
from bulwark.doctor.findings import Finding, fine, problem
from bulwark.doctor.one_stream import SETTLE_SECONDS, check_lag, check_stream
from shared.nats.connection import Bus, StreamRefused

CONNECT_SECONDS = 4.0
ANSWER_SECONDS = 2.0
CLOCK_SLACK = timedelta(seconds=5)
LEAST_NATS = (2, 15, 1)

BROKER_ERRORS = (nats.errors.Error, TimeoutError, OSError, StreamRefused)


@dataclass(slots=True)
class Stage:
    """The broker to check: `running` says whether services are connected to it."""

    url: str
    running: bool
    http_url: str | None = None
    findings: list[Finding] = field(default_factory=list)


async def check_streams(source: Source, seen: Mapping[str, Seen], now: datetime) -> list[Finding]:
    """Findings about the running process, the broker and every stream."""
    run = source.folder.running()
    found: list[Finding] = []
    if run is not None:
        found += await _health(str(run["http_url"]), int(run["pid"]))
    else:
        found.append(
            fine("running", f"{source.folder.path} 中没有运行的实例", "no instance is running")
        )
    try:
        async with _broker(source, run) as stage:
            if stage is not None:
                found += await _ask(stage, source, seen, now)
    except (BrokerError, FolderError) as error:
        found.append(
            problem(
                "broker",
                str(error),
                "the broker does not start",
                ("查看 nats/nats.log", "see that file"),
            )
        )
    return found


@contextlib.asynccontextmanager
async def _broker(source: Source, run: Mapping[str, Any] | None) -> AsyncIterator[Stage | None]:
    """The running instance's broker, the one in the settings, or the stopped instance's own."""
    if run is not None:
        yield Stage(str(run["nats_url"]), running=True, http_url=str(run["http_url"]))
    elif "nats_url" in source.settings.model_fields_set:
        yield Stage(source.settings.nats_url, running=True)
    elif (source.folder.nats / "jetstream").is_dir():
        lock = source.folder.hold()
        accounts = source.folder.subscribers
        broker = Broker(source.folder.nats, subscribers=accounts if accounts.exists() else None)
        try:
            await broker.start()
            yield Stage(broker.url, running=False)
        finally:
            await broker.stop()
            lock.close()
    else:
        yield None


async def _health(url: str, pid: int) -> list[Finding]:
    """The health that the running process reports."""
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=CONNECT_SECONDS) as client:
            services = (await client.get(f"{url}/readyz")).json()["services"]
            health = {name: (one["clock_jumped"], one["ready"]) for name, one in services.items()}
    except (httpx.HTTPError, ValueError, KeyError):
        return [
            problem(
                "running",
                f"进程 {pid} 在运行,但 {url} 没有应答",
                "the process is running, but does not answer",
                ("查看它的日志;必要时停止后重新启动", "see its log; restart it if necessary"),
            )
        ]
    found = []
    for name, (clock_jumped, ready) in health.items():
        check = f"running {name}"
        if not ready:
            found.append(
                problem(
                    check,
                    f"{name}: 未就绪",
                    "it is not ready",
                    (
                        "刚启动时请稍候;否则按下面各项做,或查看其日志",
                        "wait if it has just started; otherwise see below, and its log",
                    ),
                )
            )
        if clock_jumped:
            found.append(
                problem(
                    check,
                    f"{name}: 时钟跳动,或与数据库相差,超过一小时,到期事项已暂停",
                    "the clock jumped, or is off the database's, by an hour: due work is paused",
                    (
                        "校准各机器的时钟,随即自动继续;若以前错、现在对,运行 bulwark trust-clock",
                        "correct the clocks; if it was wrong before and is right now: trust-clock",
                    ),
                )
            )
    if not found:
        found.append(
            fine("running", f"运行中,进程 {pid},{url}", "running, and all services are ready")
        )
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
            problem(
                "broker",
                f"连不上总线 {_bare(stage.url)}:{error}",
                "the broker does not answer",
                (
                    "查看 NATS 是否运行;期间接收的记录都在库中,恢复后自动补发",
                    "check NATS; records accepted meanwhile are on disk and published later",
                ),
            )
        ]
    try:
        found = [_version(bus)]
        for name, one in seen.items():
            if one.facts is not None:
                found += await check_stream(bus, name, source, seen, running=stage.running)
        found += await _clock(bus, now)
        if stage.running:
            found += await _answering(bus, [name for name, one in seen.items() if one.facts])
            found += await check_lag(source, seen)
    except BROKER_ERRORS as error:
        steps = ("查看其日志", "see its log")
        return [problem("broker", f"总线出错:{error}", "the broker reports an error", steps)]
    finally:
        await bus.close()
    return found


async def _answering(bus: Bus, names: Sequence[str]) -> list[Finding]:
    """Whether each service has a leader that answers: a complete stream does not prove that."""
    missing = [name for name in names if not await _answers(bus, name)]
    if missing:
        # A follower may be taking over.
        await asyncio.sleep(SETTLE_SECONDS)
    return [
        problem(
            f"answers {name}",
            f"{name} 没有在总线上应答",
            "it does not answer on the bus",
            (
                f"查看 {name} 是否运行及其日志;刚换由另一进程接替时,十秒后再看",
                "check that it runs, and its log; after a change of leader retry in ten seconds",
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
    text = ".".join(str(part) for part in known)
    if known < LEAST_NATS:
        least = ".".join(str(part) for part in LEAST_NATS)
        return problem(
            "broker", f"NATS {text}", "too old", (f"升级到 {least}", f"upgrade to {least}")
        )
    return fine("broker", f"NATS {text}", "the broker answers")


async def _clock(bus: Bus, now: datetime) -> list[Finding]:
    """The broker's clock, by which its messages age, agrees with ours."""
    began = datetime.now(now.tzinfo)
    answer = orjson.loads((await bus.request("$JS.API.STREAM.INFO.INTAKE")).data)
    if "ts" not in answer:
        return []
    off = datetime.fromisoformat(f"{str(answer['ts'])[:19]}Z") - began
    if abs(off) <= CLOCK_SLACK:
        return [fine("clock", f"时钟一致(相差 {off.total_seconds():+.1f} 秒)", "the clocks agree")]
    return [
        problem(
            "clock",
            f"总线的时钟差 {off.total_seconds():+.0f} 秒",
            "the broker's clock differs",
            ("在每台机器上启用 NTP 校时(timedatectl)", "enable NTP on each machine"),
        )
    ]
