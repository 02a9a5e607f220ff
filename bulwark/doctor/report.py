"""All checks (machine, databases, broker), printed as text or JSON."""

import orjson

from bulwark.backup.source import Source
from bulwark.console import say
from bulwark.doctor.databases import check_databases, see_all
from bulwark.doctor.findings import Finding
from bulwark.doctor.machine import check_machine
from bulwark.doctor.streams import check_streams
from shared.clock.clock import Clock


async def findings(source: Source, clock: Clock) -> list[Finding]:
    """The findings of all checks; raises FolderError when there is no instance."""
    source.folder.require()
    now = clock.now()
    seen = see_all(source, now)
    return [
        *check_machine(source, now),
        *check_databases(source, seen, now),
        *await check_streams(source, seen, now),
    ]


def print_findings(found: list[Finding], *, json: bool) -> int:
    """Print the findings; returns 1 when there is something to do."""
    needed = [one for one in found if not one.ok]
    if json:
        document = {"ok": not needed, "findings": [one.document() for one in found]}
        say(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())
        return int(bool(needed))
    for one in found:
        for line in one.lines():
            say(line)
    say(
        f"共 {len(found)} 项,{len(needed)} 项要办 / {len(found)} checks, {len(needed)} need action"
        if needed
        else f"共 {len(found)} 项,一切正常 / {len(found)} checks, all ok"
    )
    return int(bool(needed))
