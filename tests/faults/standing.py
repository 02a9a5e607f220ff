"""What stands in a site's logs, streams and databases, as nobody but a test looks at them."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from shared.database.engine import Database
from shared.events.envelope import parse
from shared.inbox.checkpoints import checkpoints
from shared.inbox.dead_letters import dead_letters
from shared.writer.log import events, head_of
from tests.faults import streams
from tests.faults.processes import BrokerProcess
from tests.support.harness import PATIENCE

SERVICES = ("intake", "alerts", "volunteers", "rollup")
SOURCES = {
    "alerts": ("intake",),
    "volunteers": ("intake", "alerts"),
    "rollup": ("intake", "alerts", "volunteers"),
}


class Standing:
    """The databases and the broker of a site."""

    def __init__(self, broker: BrokerProcess, databases: Mapping[str, Database]) -> None:
        self.broker = broker
        self.databases = databases

    def log(self, service: str) -> list[tuple[int, bytes]]:
        """A service's log, in order."""
        with self.databases[service].reading() as session:
            rows = session.execute(
                select(events.c.sequence, events.c.document).order_by(events.c.sequence)
            ).all()
        return [(row.sequence, bytes(row.document)) for row in rows]

    def head(self, service: str) -> int:
        """The number of the last event of a service's log."""
        with self.databases[service].reading() as session:
            return head_of(session.connection())

    def stream(self, service: str) -> list[tuple[int, bytes]]:
        """A service's stream, in order; empty while there is none."""
        return asyncio.run(streams.whole(self.broker.url, service.upper()))

    def stream_state(self, service: str, *, seconds: float = PATIENCE) -> dict[str, Any]:
        """What STREAM.INFO says of a service's stream."""
        return asyncio.run(streams.state_of(self.broker.url, service.upper(), seconds))

    def stream_end(self, service: str, *, seconds: float = PATIENCE) -> int:
        """The number of the last message of a service's stream; -1 while there is none."""
        found = self.stream_state(service, seconds=seconds)
        return int(found["state"]["last_seq"]) if "state" in found else -1

    def at_rest(self) -> bool:
        """Whether every stream ends where its log does, and every reader stands there."""
        heads = {name: self.head(name) for name in SERVICES}
        if any(self.stream_end(name) != heads[name] for name in SERVICES):
            return False
        return all(
            self.place(name, source) == heads[source]
            for name, sources in SOURCES.items()
            for source in sources
        )

    def place(self, service: str, source: str) -> int:
        """How far a service has applied a source, as its database says."""
        with self.databases[service].reading() as session:
            query = select(checkpoints.c.sequence).where(checkpoints.c.source == source)
            return session.execute(query).scalar() or 0

    def dead(self, service: str) -> list[Any]:
        """What a service set aside."""
        with self.databases[service].reading() as session:
            return list(session.execute(select(dead_letters)).all())

    def all_have_read(self, head: int) -> bool:
        """Whether every reader of intake has applied its log up to a number."""
        readers = (name for name, sources in SOURCES.items() if "intake" in sources)
        return all(self.place(name, "intake") >= head for name in readers)

    def screenings_in(self, service: str, kind: str) -> Counter[str]:
        """How often each screening stands in the events of one kind in a service's log."""
        envelopes = (parse(document) for _, document in self.log(service))
        wanted = f"bulwark.{service}.{kind}"
        return Counter(one["data"]["screening_id"] for one in envelopes if one["type"] == wanted)

    def streams_are_copies(self, *, whole_stream: bool) -> bool:
        """Whether each stream holds what its log does, number by number: all of it, or its end."""
        for name in SERVICES:
            logged = self.log(name)
            assert [number for number, _ in logged] == list(range(1, len(logged) + 1))
            streamed = self.stream(name)
            first = streamed[0][0] if streamed else len(logged) + 1
            if streamed != logged[first - 1 :] or (whole_stream and len(streamed) < len(logged)):
                return False
        return True
