"""`bulwark` without one of its waits, to measure it against: `python -m bench.without WAIT up …`.

The waits are those of `WAITS`; `nothing` leaves it as it is.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from bulwark.cli.main import main as bulwark
from shared.database.engine import TOGETHER
from shared.inbox.reader import Reader
from shared.nats.consumer import PullConsumer
from shared.priority import PublishPriority

NOTHING = "nothing"


@contextmanager
def without_priority() -> Iterator[None]:
    """No reader waits for a relay that has much to publish (decision 0009)."""
    with patch.object(PublishPriority, "acquire", lambda _priority, _service: None):
        yield


@contextmanager
def without_linger() -> Iterator[None]:
    """No reader waits for company before it applies a single event."""
    began = Reader.__init__

    def begin(reader: Reader, *values: Any) -> None:
        began(reader, *values)
        reader._linger = reader._current_linger = 0.0

    with patch.object(Reader, "__init__", begin):
        yield


@contextmanager
def without_flood_linger() -> Iterator[None]:
    """No reader waits in a flood."""
    room = replace(TOGETHER, flood_linger_seconds=0.0)
    with patch("bulwark.server.instance.TOGETHER", room):
        yield


@contextmanager
def without_adaptive_pull() -> Iterator[None]:
    """Each consumer asks for the most from the beginning, and never for less."""
    began, more = PullConsumer.__init__, PullConsumer.request_more

    def begin(consumer: PullConsumer, *values: Any) -> None:
        began(consumer, *values)
        consumer._size = consumer._most

    async def ask(consumer: PullConsumer, _taken: int = 0) -> None:
        await more(consumer)

    with (
        patch.object(PullConsumer, "__init__", begin),
        patch.object(PullConsumer, "request_more", ask),
    ):
        yield


WAITS: dict[str, Callable[[], Any]] = {
    "priority": without_priority,
    "linger": without_linger,
    "flood-linger": without_flood_linger,
    "adaptive-pull": without_adaptive_pull,
}


def main() -> None:
    wait, *arguments = sys.argv[1:]
    sys.argv = ["bulwark", *arguments]
    if wait == NOTHING:
        bulwark()
        return
    with WAITS[wait]():
        bulwark()


if __name__ == "__main__":
    main()
