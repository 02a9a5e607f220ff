"""The whole look: the machine, the databases, the broker; printed, or as JSON."""

import orjson

from bulwark.backup.source import Source
from bulwark.console import say
from bulwark.doctor.databases import look_at_databases, see_all
from bulwark.doctor.findings import Finding
from bulwark.doctor.machine import look_at_machine
from bulwark.doctor.streams import look_at_streams
from shared.clock.clock import Clock


async def findings(source: Source, clock: Clock) -> list[Finding]:
    """Everything that was looked at; raises FolderError when there is no instance."""
    source.folder.require()
    now = clock.now()
    seen = see_all(source, now)
    return [
        *look_at_machine(source, now),
        *look_at_databases(source, seen, now),
        *await look_at_streams(source, seen, now),
    ]


def tell(found: list[Finding], *, json: bool) -> int:
    """Print the findings; 1 when something is to be done."""
    needed = [one for one in found if not one.ok]
    if json:
        document = {"ok": not needed, "findings": [one.document() for one in found]}
        say(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())
        return int(bool(needed))
    for one in found:
        for line in one.lines():
            say(line)
    say(
        f"共 {len(found)} 项,{len(needed)} 项要办 / {len(found)} looks, {len(needed)} to be done"
        if needed
        else f"共 {len(found)} 项,一切正常 / {len(found)} looks, all is well"
    )
    return int(bool(needed))
