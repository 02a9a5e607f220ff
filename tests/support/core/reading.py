"""A source, and a sink that reads it, on a stage."""

from typing import Any

import orjson

from shared.inbox.checkpoints import checkpoint_in
from shared.inbox.reader import Reader
from shared.nats.stream import StreamSettings
from shared.runtime.runtime import Runtime
from tests.support.core.pair import (
    Open,
    Whims,
    applied_numbers,
    logged,
    make_sink,
    make_source,
    request,
)
from tests.support.core.stage import Stage
from tests.support.harness import eventually


class Pair:
    """A source and a sink on a stage, each with its database."""

    def __init__(self, stage: Stage, open_one: Open, streams: StreamSettings | None = None) -> None:
        self.stage = stage
        self.streams = streams
        self.whims = Whims()
        self.source_database, self.sink_database = open_one(), open_one()
        self.source = stage.start(make_source(), self.source_database, streams)
        self.sink: Runtime

    def start_sink(self) -> "Pair":
        """The sink begins (again)."""
        service = make_sink(self.whims, "source")
        self.sink = self.stage.start(service, self.sink_database, self.streams)
        return self

    @property
    def reader(self) -> Reader:
        return self.sink.readers[0]

    def checkpoint(self) -> int:
        """The checkpoint in the database."""
        with self.sink_database.reading() as session:
            return checkpoint_in(session.connection(), "source")

    def note(self, *numbers: int) -> None:
        """Numbers noted by requests."""
        found = self.stage.submit(self.source, *[request(number) for number in numbers])
        assert not [one for one in found if isinstance(one, Exception)]

    def caught_up(self) -> bool:
        """Whether the sink's checkpoint is the head of the source's log."""
        return self.checkpoint() == len(logged(self.source_database))

    def has_logged(self, event: str, logs: list[Any]) -> bool:
        """Whether the core logged something."""
        return event in [entry["event"] for entry in logs]

    def check(self, left_out: tuple[int, ...] = ()) -> None:
        """All that the source noted was applied once and in order, but for some sequences."""
        eventually(self.caught_up)
        log = [
            (number, orjson.loads(document)) for number, document in logged(self.source_database)
        ]
        expected = [(n, document["data"]["number"]) for n, document in log if n not in left_out]
        assert applied_numbers(self.sink_database) == expected
