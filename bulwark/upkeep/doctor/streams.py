"""What the broker says: whether it answers, whether each stream is its log, what readers lack.

An embedded instance that is stopped has no broker: its own is started for a moment, as a start of
the instance would.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
import nats.errors
import orjson

from bulwark.broker import Broker, BrokerError
from bulwark.folder import FolderError
from bulwark.services import SERVICES
from bulwark.upkeep.copies import connected, facts_of
from bulwark.upkeep.doctor.databases import Seen, places_beyond, restore_steps
from bulwark.upkeep.doctor.findings import Finding, ill, well
from bulwark.upkeep.source import Source
from shared.bus import Bus, StreamRefused, StreamState
from shared.db import Database
from shared.events import MalformedEvent, parse
from shared.stream_check import DATABASE_OLDER, StreamCheck

CONNECT_SECONDS = 4.0
SETTLE_SECONDS = 3.0
CLOCK_SLACK = timedelta(seconds=5)
LEAST_NATS = (2, 15, 1)
SHOWN = 3

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
        broker = Broker(source.folder.nats)
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
    for name, one in services.items():
        check = f"running {name}"
        if one["clock_jumped"]:
            found.append(
                ill(
                    check,
                    f"{name}: 本机时钟跳动超过一小时,到期事项已暂停",
                    "the clock jumped by more than an hour: what is due waits",
                    (
                        "校准时钟;若现在的时间是对的,重新启动",
                        "set the clock; if it is right, restart",
                    ),
                )
            )
    if not found:
        found.append(well("running", f"运行中,进程 {pid},{url}", "it runs, and all is ready"))
    return found


def _behind(owner: str, state: StreamState | None, seen: Mapping[str, Seen]) -> Iterator[Finding]:
    """Readers that lack what a stream no longer holds."""
    of = seen[owner].facts
    for name, one in seen.items():
        if owner not in SERVICES[name].listens_to or one.facts is None or of is None:
            continue
        place = one.facts.places.get(owner, 0)
        if state is not None and place < of.head and place + 1 < state.first:
            yield ill(
                f"behind {name}",
                f"{name} 落后:{owner} 的消息流已不含第 {place + 1} 个事件",
                f"{name} is behind: the stream of {owner} no longer holds event {place + 1}",
                (f"bulwark refill {owner} --from {place + 1}", "make it again from the log"),
            )


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
                found += await _stream(bus, name, stage, source, seen)
        found += await _clock(bus, now)
        if stage.running:
            found += await _lag(source, seen)
    except BROKER_ERRORS as error:
        steps = ("查看其日志", "see its log")
        return [ill("broker", f"总线出错:{error}", "the broker fails", steps)]
    finally:
        await bus.close()
    return found


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


async def _stream(
    bus: Bus, name: str, stage: Stage, source: Source, seen: Mapping[str, Seen]
) -> list[Finding]:
    """Whether a stream is a copy of its log; what heals by itself is given the time for it."""
    database = Database(source.urls[name])
    try:
        check = StreamCheck(name, database, bus, source.settings.stream_max_age_seconds)
        for last_look in (False, True):
            state = await bus.stream(name.upper())
            fault = None if state is None else await check.fault(state)
            if (state is not None and fault in (None, DATABASE_OLDER)) or not stage.running:
                break
            if not last_look:
                await asyncio.sleep(SETTLE_SECONDS)
        if state is not None and fault == DATABASE_OLDER:
            return [await _older(bus, name, state, source, seen)]
        return [_told(name, state, fault, stage), *_behind(name, state, seen)]
    finally:
        database.close()


def _told(name: str, state: StreamState | None, fault: str | None, stage: Stage) -> Finding:
    check = f"stream {name}"
    refill = (f"bulwark refill {name} --from 1", "make it again from the log")
    if state is None and stage.running:
        return ill(
            check, f"{name} 没有消息流", "there is no stream", ("启动该服务", f"start {name}")
        )
    if state is None:
        return well(check, f"{name} 没有消息流,启动时建立", "made at the start")
    if fault is not None and stage.running:
        return ill(check, f"{name} 的消息流与日志不符:{fault}", "the stream is not its log", refill)
    if fault is not None:
        return well(check, f"{name} 的消息流不全,启动时重建:{fault}", "made again at the start")
    return well(check, f"{name} 的消息流 {state.first}–{state.last} 与日志一致", "it is its log")


async def _older(
    bus: Bus, name: str, state: StreamState, source: Source, seen: Mapping[str, Seen]
) -> Finding:
    """The stream goes beyond the log with events of ours: an older database, or junk."""
    facts = seen[name].facts
    head = facts.head if facts else 0
    shown = [
        (text, text)
        for number in range(head + 1, min(state.last, head + SHOWN) + 1)
        if (text := _shown(await bus.message(name.upper(), number)))
    ]
    words = (
        f"{name} 的消息流到 {state.last},而数据库止于 {head}:数据库比消息流旧,已停止接收",
        (
            f"the stream of {name} goes to {state.last}, its log to {head}: the database "
            "is the older, and takes nothing in"
        ),
    )
    keep = (
        "先保存消息流中的事件:bulwark events --json --no-follow > events.ndjson",
        "keep what the stream holds first, with that command",
    )
    applied = any(owner == name for _, owner, _, _ in places_beyond(seen))
    steps = restore_steps(source, name) if applied else _give_up_steps(source, name)
    return ill(f"stream {name}", *words, *shown, keep, *steps)


def _give_up_steps(source: Source, name: str) -> tuple[tuple[str, str], ...]:
    """What to do about events beyond the log that no service has applied."""
    store = source.folder.nats
    return (
        (
            f"若 {name} 的库刚被旧备份替换:停止,把较新的库放回,启动,即告恢复",
            f"if an older database of {name} was put in place: stop, put the newer one back, start",
        ),
        (
            "若没有人动过数据库,这些事件是别的程序冒名发布的:查明是谁的账号",
            "if nobody did, another program published these under our name: find out whose account",
        ),
        (
            f"没有服务处理过它们,可以放弃:停止,mv {store} {store}.old,启动;消息流按日志重建",
            (
                "no service has applied them, so they can be given up: stop, move that folder, "
                "start: the streams are made again from the logs"
            ),
        ),
        (
            f"独立的 NATS 不移文件夹,而用 nats stream rm {name.upper()}",
            "on a NATS of its own, use that command in place of moving the folder",
        ),
    )


def _shown(body: bytes | None) -> str:
    """An event beyond the log, for a person to recognise."""
    try:
        envelope = parse(body or b"")
    except MalformedEvent:
        return ""
    return " ".join(str(envelope.get(key, "?")) for key in ("sequence", "time", "type", "subject"))


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


async def _lag(source: Source, seen: Mapping[str, Seen]) -> list[Finding]:
    """Readers that lack events and do not move."""
    lacking = {
        (reader, owner): facts.places.get(owner, 0)
        for reader, one in seen.items()
        if (facts := one.facts) is not None
        for owner in SERVICES[reader].listens_to
        if (of := seen[owner].facts) is not None and facts.places.get(owner, 0) < of.head
    }
    if not lacking:
        return [well("lag", "各服务均已读到最新", "every reader has read everything")]
    await asyncio.sleep(SETTLE_SECONDS)
    found = []
    for (reader, owner), place in lacking.items():
        with connected(source.urls[reader]) as connection:
            facts = facts_of(connection)
        of = seen[owner].facts
        stands = facts is not None and facts.places.get(owner, 0) == place
        if stands and of is not None:
            found.append(
                ill(
                    f"lag {reader}",
                    f"{reader} 停在 {owner} 的第 {place} 个事件,共 {of.head} 个",
                    f"{reader} stands still in {owner}",
                    (f"查看 {reader} 是否运行及其日志;重新启动它", "is it running? See its log"),
                )
            )
    return found or [well("lag", "各服务正在追赶", "readers are catching up")]
