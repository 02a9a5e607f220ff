"""A service that notes when a fever passes each stage, for `bench.stages`.

The notes are written to the folder BULWARK_BENCH_MARKS when the service ends.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from sqlalchemy.orm import Session
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from bulwark.console import run, set_up_logging
from bulwark.server.run_services import serve
from bulwark.settings import Settings
from shared.inbox.reader import Reader
from shared.outbox.publisher import Publisher
from shared.writer.writer import Writer

FOLDER = "BULWARK_BENCH_MARKS"

marks: list[tuple[str, float]] = []


def marking(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, which notes when it is called."""

    def marked(*values: Any, **options: Any) -> Any:
        marks.append((name, time.perf_counter()))
        return function(*values, **options)

    return marked


def answering(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The same coroutine function, which notes when it has answered."""

    async def marked(*values: Any, **options: Any) -> Any:
        found = await function(*values, **options)
        marks.append((name, time.perf_counter()))
        return found

    return marked


def returning(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, which notes when it has returned."""

    def marked(*values: Any, **options: Any) -> Any:
        found = function(*values, **options)
        marks.append((name, time.perf_counter()))
        return found

    return marked


def main() -> None:
    (service,) = sys.argv[1:]
    set_up_logging("WARNING")
    commit = returning("committed", marking("commit", Session.commit))
    publish = answering("acked", marking("publish", Publisher.commit))
    with (
        patch.object(
            HttpToolsProtocol,
            "data_received",
            marking("arrived", HttpToolsProtocol.data_received),
        ),
        patch.object(Writer, "submit", marking("submit", Writer.submit)),
        patch.object(Session, "commit", commit),
        patch.object(Publisher, "commit", publish),
        patch.object(Reader, "_apply", marking("read", Reader._apply)),
    ):
        ended = run(serve([service], Settings()))
    (Path(os.environ[FOLDER]) / f"{service}.json").write_text(json.dumps(marks))
    sys.exit(ended)


if __name__ == "__main__":
    main()
