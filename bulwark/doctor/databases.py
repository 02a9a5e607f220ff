"""Checks of the databases: version, checkpoints, dead letters, clock."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, func, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError

from bulwark.backup.copies import Facts, connected, facts_of, is_sqlite
from bulwark.backup.manifest import NAME
from bulwark.backup.record import read_record
from bulwark.backup.source import Source
from bulwark.doctor.findings import Finding, fine, problem
from bulwark.registry import SERVICES
from shared.inbox import checkpoints
from shared.inbox.dead_letters import dead_letters
from shared.outbox.verification import is_another
from shared.runtime.migrations import age, newest
from shared.writer.log import row_at

LEAST_POSTGRES = 15
CLOCK_SLACK = timedelta(seconds=5)
FUTURE_SLACK = timedelta(minutes=1)
# With these off, what PostgreSQL has confirmed may not be on disk, whatever its clients ask for.
_UNSAFE = (
    "SELECT name FROM pg_settings WHERE name IN ('fsync', 'full_page_writes') AND setting = 'off'"
)


@dataclass(frozen=True, slots=True)
class Seen:
    """One database at one moment; `facts` is None before its service first started."""

    facts: Facts | None = None
    # By source: the checkpoint, and the digest of the event that was applied there.
    applied: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    dead: int = 0
    clock_off: timedelta = timedelta()
    last_stored: datetime | None = None
    server: int = 0
    # Server settings that risk data in a power cut.
    unsafe: tuple[str, ...] = ()
    error: str | None = None


def see_all(source: Source, now: datetime) -> dict[str, Seen]:
    """Read every database; readers before their sources, so that no checkpoint seems too high."""
    found = {name: _see(source.urls[name], now) for name in reversed(SERVICES)}
    return {name: found[name] for name in SERVICES}


def _see(url: str, now: datetime) -> Seen:
    try:
        with connected(url) as connection:
            return _see_in(connection, sqlite=is_sqlite(url), now=now)
    except FileNotFoundError:
        return Seen()
    except (SQLAlchemyError, OSError) as error:
        return Seen(error=str(getattr(error, "orig", None) or error).splitlines()[0])


def _see_in(connection: Connection, *, sqlite: bool, now: datetime) -> Seen:
    off, server, unsafe = timedelta(), 0, ()
    if not sqlite:
        off = connection.execute(text("SELECT clock_timestamp()")).scalar_one() - datetime.now(
            now.tzinfo
        )
        server = int(connection.execute(text("SHOW server_version_num")).scalar_one()) // 10_000
        unsafe = tuple(connection.execute(text(_UNSAFE)).scalars())
    facts = facts_of(connection)
    if facts is None:
        return Seen(clock_off=off, server=server, unsafe=unsafe)
    row = row_at(connection, facts.head)
    stored = datetime.fromtimestamp(row.stored_ms / 1000, now.tzinfo) if row else None
    dead = connection.execute(select(func.count()).select_from(dead_letters)).scalar_one()
    return Seen(facts, _applied(connection), dead, off, stored, server, unsafe)


def _applied(connection: Connection) -> dict[str, tuple[int, str]]:
    """By source, the event applied last; empty in a database from before digests were stored."""
    if "digest" not in {column["name"] for column in inspect(connection).get_columns("places")}:
        return {}
    sources = connection.execute(select(checkpoints.checkpoints.c.source)).scalars().all()
    found = {source: checkpoints.checkpoint_and_digest(connection, source) for source in sources}
    return {source: (at, digest) for source, (at, digest) in found.items() if digest}


def check_databases(source: Source, seen: Mapping[str, Seen], now: datetime) -> Iterator[Finding]:
    """Findings about each database, and about how they fit each other."""
    for name, one in seen.items():
        yield version(name, one)
        if one.dead:
            yield _dead(name, one)
        if one.unsafe:
            yield _unsafe(name, one)
        yield from clocks(name, one, now)
    yield from consistency(source, seen)


def version(name: str, one: Seen) -> Finding:
    """Whether a database answers, and whether this program knows its version."""
    check = f"database {name}"
    if one.error is not None:
        setting = f"BULWARK_{name.upper()}_DATABASE_URL"
        return problem(
            check,
            f"{name} 的数据库无法访问:{one.error}",
            "the database does not answer",
            (
                f"查看数据库服务是否运行,{setting} 是否正确",
                f"check that it is running and that {setting} is right",
            ),
        )
    if 0 < one.server < LEAST_POSTGRES:
        return problem(
            check,
            f"{name}: PostgreSQL {one.server}",
            "this PostgreSQL is too old",
            (f"升级到 {LEAST_POSTGRES} 或更新", f"upgrade it to {LEAST_POSTGRES} or newer"),
        )
    if one.facts is None:
        return fine(check, f"{name}: 还没有启动过", "never started")
    return _revisions(check, name, one.facts)


def _revisions(check: str, name: str, facts: Facts) -> Finding:
    found, known = facts.revisions, newest(SERVICES[name])
    text = f"{name}: 库版本 {found},事件 {facts.head}"
    match age(SERVICES[name], found):
        case "newer":
            return problem(
                check,
                f"{name}: 数据库版本 {found} 比本程序 {known} 新",
                "the database is newer than this program",
                (
                    "安装更新的版本;不能退回旧版",
                    "install the newer release; going back is not possible",
                ),
            )
        case "too old":
            return problem(
                check,
                f"{name}: 数据库版本 {found} 过旧,本程序无法升级",
                "the database is too old for this program",
                ("先用上一版程序启动一次", "start it once with the release before this one"),
            )
        case "older":
            words = f"{text},下次启动时升级到 {known}"
            return fine(check, words, "it will be migrated at the next start")
        case "current":
            return fine(check, text, "its version is the current one")


def _dead(name: str, one: Seen) -> Finding:
    return problem(
        f"dead letters {name}",
        f"{name} 有 {one.dead} 个死信(被搁置的事件)",
        f"{one.dead} events were dead-lettered",
        ("bulwark dead list 看原因", "this command shows why"),
        (
            "消除原因(通常是升级程序)后 bulwark dead retry",
            "fix the cause, often by an upgrade, then replay them",
        ),
    )


def _unsafe(name: str, one: Seen) -> Finding:
    words = ", ".join(one.unsafe)
    return problem(
        f"disk {name}",
        f"{name} 的 PostgreSQL 关闭了 {words}:断电会丢失已应答的记录,甚至损坏数据库",
        f"{words} is off: a power cut could lose confirmed records or damage the database",
        (
            f"在 postgresql.conf 中开启 {words},重新加载 PostgreSQL 的配置",
            f"turn {words} on in postgresql.conf, and reload the configuration",
        ),
    )


def clocks(name: str, one: Seen, now: datetime) -> Iterator[Finding]:
    """The database's clock agrees with ours, and no event was stored in the future."""
    steps = (
        "在每台机器上启用 NTP 校时(timedatectl)",
        "enable NTP on each machine (timedatectl)",
    )
    if abs(one.clock_off) > CLOCK_SLACK:
        off = one.clock_off.total_seconds()
        yield problem(
            "clock", f"{name} 数据库的时钟差 {off:+.0f} 秒", "the database's clock differs", steps
        )
    if one.last_stored is not None and one.last_stored > now + FUTURE_SLACK:
        yield problem(
            "clock",
            f"{name} 最后的事件存于未来:{one.last_stored:%Y-%m-%d %H:%M:%S},本机时钟曾经或现在有误",
            "its last event was stored in the future: this clock is or was wrong",
            steps,
        )


def consistency(source: Source, seen: Mapping[str, Seen]) -> Iterator[Finding]:
    """No service has applied events of another that the other never wrote."""
    beyond = list(places_beyond(seen))
    diverged = list(_diverged(source, seen))
    for owner in dict.fromkeys(owner for _, owner, _, _ in beyond):
        facts = seen[owner].facts
        head = facts.head if facts else 0
        words = ", ".join(f"{reader} {place}" for reader, of, place, _ in beyond if of == owner)
        yield problem(
            f"places {owner}",
            f"{owner} 的日志止于 {head},而别的服务已处理到更后({words}):各库不属同一时刻",
            f"the log of {owner} ends at {head}, but others have applied more: the databases are "
            "of different moments",
            *restore_steps(source, owner),
        )
    for reader, owner, place in diverged:
        yield problem(
            f"places {owner}",
            f"{reader} 处理过的 {owner} 第 {place} 个事件,与其日志中的不同:各库不属同一时刻",
            f"event {place} of {owner} that {reader} has applied differs from the log's: the "
            "databases are of different moments",
            *restore_steps(source, owner),
        )
    if not (beyond or diverged):
        yield fine("places", "各库相互一致", "the databases agree with each other")


def places_beyond(seen: Mapping[str, Seen]) -> Iterator[tuple[str, str, int, int]]:
    """Reader, source, checkpoint and head, wherever a checkpoint is beyond the head."""
    for reader, one in seen.items():
        for owner, place in one.facts.places.items() if one.facts else ():
            facts = seen[owner].facts
            head = facts.head if facts else 0
            if place > head:
                yield reader, owner, place, head


def _diverged(source: Source, seen: Mapping[str, Seen]) -> Iterator[tuple[str, str, int]]:
    """Reader, source and checkpoint, wherever the log holds a different event than was applied."""
    for reader, one in seen.items():
        for owner, (place, digest) in one.applied.items():
            if seen[owner].facts is None:
                continue
            with connected(source.urls[owner]) as connection:
                differs = is_another(connection, place, digest)
            if differs:
                yield reader, owner, place


def restore_steps(source: Source, owner: str) -> tuple[tuple[str, str], ...]:
    """What to do when the database of one service is older than what others have applied of it."""
    data = source.folder.path
    return (
        (
            "若消息总线还在运行,先保存其中的事件:bulwark events --json --no-follow > events.ndjson",
            "if the broker still runs, first save the events in its streams with that command",
        ),
        ("停止全部服务", "stop all services"),
        (
            f"若 {owner} 较新的数据库还在(例如刚刚被旧备份覆盖前的文件),放回原处并启动,即告恢复",
            f"if the newer database of {owner} still exists, put it back and start: that is all",
        ),
        (
            "否则从同一份备份恢复全部四个库(不能只恢复一个):",
            "otherwise restore all four databases from the same backup, never only one:",
        ),
        (
            (
                f"mv {data} {data}.old && bulwark restore {_latest(source)} --data {data} "
                f"--keys {data}.old/keys"
            ),
            "on PostgreSQL also recreate the four databases, and empty the broker's store",
        ),
        (
            "启动;之后重新录入备份之后的记录",
            "start, and enter again the records made after the backup",
        ),
    )


def _latest(source: Source) -> str:
    """Where the latest finished backup will be once the folder has been moved away."""
    recorded = read_record(source.backups).path
    finished = sorted(path.parent for path in source.backups.glob(f"*/{NAME}"))
    if recorded is not None and (Path(recorded) / NAME).exists():
        latest = Path(recorded)
    elif finished:
        latest = finished[-1]
    else:
        return "备份/BACKUP"
    data = source.folder.path
    if latest.is_relative_to(data):
        return str(data.with_name(f"{data.name}.old") / latest.relative_to(data))
    return str(latest)
