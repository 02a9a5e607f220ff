"""The commands for events, dead letters, the clock and refills."""

import asyncio
import re
from contextlib import aclosing
from datetime import datetime
from pathlib import Path

import nats.errors
import orjson
from nats.aio.client import Client

from bulwark.broker.tail import Wanted, connect, documents
from bulwark.console import complain, say
from bulwark.data_folder import Folder, FolderError
from bulwark.registry import SERVICES
from bulwark.settings import Settings
from shared.areas.tree import Areas
from shared.clock.clock import CST, RealClock
from shared.database.engine import Database
from shared.events.registry import model_of
from shared.events.wording import describe
from shared.inbox.dead_letters import dead_letters
from shared.inbox.retry import Replay
from shared.runtime.clock_check import trust_clock
from shared.runtime.migrations import migrate
from shared.writer.writer import Writer


def bus_url(data: Path) -> str:
    """The broker's URL: of the instance running in this folder, or else from the settings.

    Raises FolderError when neither is known.
    """
    folder = Folder(data.resolve())
    run = folder.running()
    if run is None and "nats_url" not in Settings().model_fields_set:
        raise FolderError(
            f"{folder.path} 中没有运行的实例,请检查 --data / no instance runs here: check --data"
        )
    return str(run["nats_url"]) if run else Settings().nats_url


def without_password(url: str) -> str:
    """A URL without its password, which may be printed."""
    return re.sub(r"//[^/@]*@", "//", url)


async def reach(url: str) -> Client:
    """A connection to the bus; exits with a message when there is none within five seconds."""
    try:
        return await asyncio.wait_for(connect(url), 5)
    except (TimeoutError, OSError, nats.errors.Error):
        complain(f"连不上总线 {without_password(url)} / cannot reach the bus: is bulwark up?")


async def show_events(data: Path, wanted: Wanted, *, json: bool, follow: bool) -> int:
    """Print events until Ctrl-C, or until the streams end."""
    client = await reach(bus_url(data))
    areas_file = Folder(data.resolve()).areas
    areas = Areas.open(areas_file) if areas_file.exists() else None

    try:
        async with aclosing(documents(client, wanted, follow=follow)) as feed:
            async for document in feed:
                say(orjson.dumps(document).decode() if json else line_of(document, areas))
    finally:
        await client.close()
    return 0


def line_of(document: dict[str, object], areas: Areas | None) -> str:
    """An event in one line: time, sequence, area, what happened."""
    at = datetime.fromisoformat(str(document["time"])).astimezone(CST)
    code = str(document["subject"])
    place = areas.full_name(code) if areas and areas.exists(code) else code

    def name(area: str) -> str:
        return areas.name(area) if areas and areas.exists(area) else area

    kind = str(document["type"])
    model = model_of(kind)
    text = describe(model.model_validate(document["data"]), name, "zh") if model else kind
    service = str(document["source"]).rsplit("/", 1)[1]
    number = int(str(document["sequence"]))
    return f"{at:%m-%d %H:%M:%S}  {service}#{number}  {place}  {text}"


def _databases(data: Path) -> dict[str, Database]:
    Folder(data.resolve()).require()
    settings = Settings(data=data)
    return {name: Database(settings.database_url(name)) for name in SERVICES}


def list_dead(data: Path) -> None:
    """Print the dead letters, one line each."""
    total = 0
    for name, database in _databases(data).items():
        with database.reading() as session:
            for row in session.execute(dead_letters.select().order_by(dead_letters.c.id)):
                total += 1
                say(f"{name}  {row.source}#{row.sequence}  {row.at:%m-%d %H:%M}  {row.error}")
        database.close()
    say(f"共 {total} 条 / {total} in total")


def retry_dead(data: Path) -> int:
    """Replay the dead letters; returns 1 when some still fail."""
    folder = Folder(data.resolve())
    site = folder.site(Settings().site, RealClock())
    failing = 0
    for name, database in _databases(data).items():
        done, stay = Writer(SERVICES[name], site, database).apply([Replay()]).outcomes[0]
        failing += stay
        if done or stay:
            say(f"{name}: {done} 条已处理,{stay} 条仍有错 / {done} applied, {stay} still failing")
        database.close()
    return 1 if failing else 0


def trust_clocks(data: Path) -> None:
    """Make every service trust its machine's clock as it is now; recorded in the audit log."""
    # Slow to import, and only needed here.
    from bulwark.admin.cli_audit import record_command

    record_command(data, "clock.trust", "site", "")
    for name, database in _databases(data).items():
        migrate(SERVICES[name], database)
        trust_clock(database)
        database.close()
        say(f"{name}: 以现在的时间为准 / trusts the clock as it is now")


async def ask_refill(data: Path, service: str, sequence: int) -> int:
    """Ask the owner to make its stream again."""
    # Heavy, and nothing else here needs it.
    from shared.outbox.control import RebuildReply, RebuildRequest

    if service not in SERVICES:
        complain(f"没有这个服务 / no such service: {service} ({', '.join(SERVICES)})")
    client = await reach(bus_url(data))
    request = RebuildRequest(sequence=sequence).model_dump_json().encode()
    try:
        answer = await client.request(f"repair.{service}", request, timeout=5)
    except (nats.errors.Error, TimeoutError):
        complain(f"{service} 没有应答 / does not answer: check that it is running")
    finally:
        await client.close()
    if not RebuildReply.model_validate_json(answer.data).remade:
        complain(
            f"{service} 拒绝重建:其数据库比消息流旧,请运行 bulwark doctor / refused: its database "
            "is older than the stream, bulwark doctor says what to do"
        )
    say(f"{service}: 正从 {sequence} 起重建 / rebuilding the stream from {sequence}")
    return 0
