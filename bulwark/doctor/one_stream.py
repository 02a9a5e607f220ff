"""Checks of one service's stream against its log, and of the lag of its readers."""

import asyncio
from collections.abc import Iterator, Mapping

from bulwark.backup.copies import connected, facts_of
from bulwark.backup.source import Source
from bulwark.doctor.databases import Seen, places_beyond, restore_steps
from bulwark.doctor.findings import Finding, fine, problem
from bulwark.registry import SERVICES
from shared.database.engine import Database
from shared.events.envelope import MalformedEvent, parse
from shared.nats.connection import Bus, StreamState
from shared.outbox.verification import DATABASE_OLDER, StreamCheck

SETTLE_SECONDS = 3.0
SHOWN = 3


async def check_stream(
    bus: Bus, name: str, source: Source, seen: Mapping[str, Seen], *, running: bool
) -> list[Finding]:
    """Whether a stream is a copy of its log; a fault that repairs itself is given time to do so."""
    database = Database(source.urls[name])
    try:
        check = StreamCheck(name, database, bus, source.settings.stream_max_age_seconds)
        for last_try in (False, True):
            state = await bus.stream(name.upper())
            fault = None if state is None else await check.fault(state)
            if (state is not None and fault in (None, DATABASE_OLDER)) or not running:
                break
            if not last_try:
                await asyncio.sleep(SETTLE_SECONDS)
        if state is not None and fault == DATABASE_OLDER:
            return [await _older(bus, name, state, source, seen)]
        return [_finding(name, state, fault, running=running), *beyond_retention(name, state, seen)]
    finally:
        database.close()


def _finding(name: str, state: StreamState | None, fault: str | None, *, running: bool) -> Finding:
    check = f"stream {name}"
    refill = (f"bulwark refill {name} --from 1", "rebuild it from the log")
    if state is None and running:
        return problem(
            check, f"{name} 没有消息流", "there is no stream", ("启动该服务", f"start {name}")
        )
    if state is None:
        return fine(
            check, f"{name} 没有消息流,启动时建立", "there is no stream; it is made at the start"
        )
    if fault is not None and running:
        return problem(
            check,
            f"{name} 的消息流与日志不符:{fault}",
            "the stream is not a copy of its log",
            refill,
        )
    if fault is not None:
        return fine(
            check,
            f"{name} 的消息流不全,启动时重建:{fault}",
            "the stream is incomplete; it is rebuilt at the start",
        )
    return fine(
        check,
        f"{name} 的消息流 {state.first}–{state.last} 与日志一致",
        "the stream is a copy of its log",
    )


async def _older(
    bus: Bus, name: str, state: StreamState, source: Source, seen: Mapping[str, Seen]
) -> Finding:
    """The stream holds events that the log does not: an older database, or foreign messages."""
    facts = seen[name].facts
    head = facts.head if facts else 0
    if state.last <= head:
        return _restored_and_regrown(name, state.last, source, seen)
    shown = [
        (text, text)
        for number in range(head + 1, min(state.last, head + SHOWN) + 1)
        if (text := _shown(await bus.message(name.upper(), number)))
    ]
    words = (
        f"{name} 的消息流到 {state.last},而数据库止于 {head}:数据库比消息流旧,已停止接收",
        (
            f"the stream of {name} ends at {state.last}, its log at {head}: the database "
            "is older than the stream, and accepts no writes"
        ),
    )
    if any(owner == name for _, owner, _, _ in places_beyond(seen)):
        as_above = (
            "别的服务已处理过其中的事件:按上面“各库不属同一时刻”的步骤做",
            "others have applied them: follow the steps above for databases of different moments",
        )
        return problem(f"stream {name}", *words, *shown, as_above)
    return problem(f"stream {name}", *words, *shown, *_discard_steps(source, name))


def _restored_and_regrown(
    name: str, last: int, source: Source, seen: Mapping[str, Seen]
) -> Finding:
    """An older database whose log has since used the numbers of events in the stream again."""
    places = [one.facts.places.get(name, 0) for one in seen.values() if one.facts is not None]
    steps = restore_steps if max(places, default=0) >= last else _discard_steps
    return problem(
        f"stream {name}",
        f"{name} 的消息流最后的第 {last} 个事件与日志中的不同:数据库曾退回旧的时刻,已停止接收",
        f"the last event of the stream of {name}, {last}, differs from the log's: its database "
        "was restored to an older moment, and accepts no writes",
        *steps(source, name),
    )


def _discard_steps(source: Source, name: str) -> tuple[tuple[str, str], ...]:
    """What to do about events beyond the log that no service has applied."""
    store = source.folder.nats
    return (
        (
            "先保存消息流中的事件:bulwark events --json --no-follow > events.ndjson",
            "first save the events in the stream with that command",
        ),
        (
            f"若 {name} 的库刚被旧备份替换:停止,把较新的库放回,启动,即告恢复",
            f"if an older database replaced that of {name}: stop, put the newer one back, start",
        ),
        (
            "若没有人动过数据库,这些事件是别的程序冒名发布的:查明是谁的账号",
            "otherwise another program published these under our name: find its account",
        ),
        (
            f"没有服务处理过它们,可以放弃:停止,mv {store} {store}.old,启动;消息流按日志重建",
            (
                "no service has applied them, so they can be discarded: stop, move that folder, "
                "start: the streams are rebuilt from the logs"
            ),
        ),
        (
            f"独立的 NATS 不移文件夹,而用 nats stream rm {name.upper()}",
            "with a separate NATS, use that command instead of moving the folder",
        ),
    )


def _shown(body: bytes | None) -> str:
    """An event beyond the log, as text that a person can recognise."""
    try:
        envelope = parse(body or b"")
    except MalformedEvent:
        return ""
    return " ".join(str(envelope.get(key, "?")) for key in ("sequence", "time", "type", "subject"))


def beyond_retention(
    owner: str, state: StreamState | None, seen: Mapping[str, Seen]
) -> Iterator[Finding]:
    """Readers that need events which a stream no longer keeps."""
    of = seen[owner].facts
    for name, one in seen.items():
        if owner not in SERVICES[name].listens_to or one.facts is None or of is None:
            continue
        place = one.facts.places.get(owner, 0)
        if state is not None and place < of.head and place + 1 < state.first:
            yield problem(
                f"behind {name}",
                f"{name} 超出保留期:{owner} 的消息流已不含第 {place + 1} 个事件",
                f"{name} is beyond retention: {owner}'s stream no longer keeps event {place + 1}",
                (f"bulwark refill {owner} --from {place + 1}", "rebuild it from the log"),
            )


async def check_lag(source: Source, seen: Mapping[str, Seen]) -> list[Finding]:
    """Readers that lag and make no progress."""
    lacking = {
        (reader, owner): facts.places.get(owner, 0)
        for reader, one in seen.items()
        if (facts := one.facts) is not None
        for owner in SERVICES[reader].listens_to
        if (of := seen[owner].facts) is not None and facts.places.get(owner, 0) < of.head
    }
    if not lacking:
        return [fine("lag", "各服务均已读到最新", "every reader has read everything")]
    await asyncio.sleep(SETTLE_SECONDS)
    found = []
    for (reader, owner), place in lacking.items():
        with connected(source.urls[reader]) as connection:
            facts = facts_of(connection)
        of = seen[owner].facts
        stuck = facts is not None and facts.places.get(owner, 0) == place
        if stuck and of is not None:
            found.append(
                problem(
                    f"lag {reader}",
                    f"{reader} 停在 {owner} 的第 {place} 个事件,共 {of.head} 个",
                    f"{reader} makes no progress in the events of {owner}",
                    (
                        f"查看 {reader} 是否运行及其日志;重新启动它",
                        "check that it is running, and its log; restart it",
                    ),
                )
            )
    return found or [fine("lag", "各服务正在追赶", "readers are catching up")]
