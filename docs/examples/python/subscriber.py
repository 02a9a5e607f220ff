"""A durable subscriber with plain nats-py: every event once, in order, from its own place on.

    python subscriber.py nats://NAME:PASSWORD@HOST:PORT --stream ALERTS --place place.json

Each event is printed as one line of JSON; put your own work into `handle`. The place (the number
of the last event handled) is kept in a file, so that the program may stop for a day, lose its
connection, or find the stream made again, and goes on where it was. Needs: pip install nats-py
"""

import argparse
import asyncio
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import nats
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

AT_ONCE = 200
# After so long a silence the stream is asked again, from the place on: whatever happened to the
# server, the connection or the stream meanwhile, this finds what is there now.
SILENCE_SECONDS = float(os.environ.get("SILENCE_SECONDS", "10"))
PAUSE_SECONDS = 1.0
FORGOTTEN_AFTER_SECONDS = 60.0


def handle(event: dict) -> None:
    """Your own work. It may be called again with the same event after a crash: look at its id."""
    print(json.dumps(event, ensure_ascii=False), flush=True)


class Place:
    """The number of the last event handled, in a file that is replaced as a whole."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.sequence = json.loads(file.read_text())["sequence"] if file.exists() else 0

    def move(self, sequence: int) -> None:
        """Remember how far we are; on disk when this returns."""
        draft = self.file.with_suffix(".new")
        with draft.open("w") as file:
            json.dump({"sequence": sequence}, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.file)
        self.sequence = sequence


def subjects(service: str, types: list[str], area: str) -> list[str]:
    """The subjects of these events within an area: 220581 is events.<service>.<type>.22.05.81.>"""
    parts, rest = [], area
    for width in (2, 2, 2, 3, 3, 3):
        if rest:
            parts.append(rest[:width])
            rest = rest[width:]
    tail = ".".join(parts if len(parts) == 6 else [*parts, ">"])
    return [f"events.{service}.{name}.{tail}" for name in types]


def consumer(place: Place, since: datetime | None, filters: list[str]) -> ConsumerConfig:
    """What to ask the server for: from behind the place on, else from a date, else everything."""
    config = ConsumerConfig(
        ack_policy=AckPolicy.NONE,
        inactive_threshold=FORGOTTEN_AFTER_SECONDS,
        # Without filters it is all that this account may read.
        filter_subjects=filters or None,
    )
    if place.sequence:
        config.deliver_policy = DeliverPolicy.BY_START_SEQUENCE
        config.opt_start_seq = place.sequence + 1
    elif since:
        config.deliver_policy = DeliverPolicy.BY_START_TIME
        config.opt_start_time = since.astimezone(UTC).isoformat()
    return config


async def read(js, stream: str, place: Place, since: datetime | None, filters: list[str]) -> None:
    """Handle events until there is a silence; raises when anything is amiss."""
    state = (await js.stream_info(stream)).state
    if state.first_seq > place.sequence + 1 and place.sequence:
        warn(f"{stream} begins at {state.first_seq}: `bulwark refill` brings back what was before")
    if state.last_seq < place.sequence:
        warn(f"{stream} ends before our place: it is being made again, or its site was restored")
    config = consumer(place, since, filters)
    made = await js.add_consumer(stream, config)
    feed = await js.pull_subscribe_bind(durable=made.name, stream=stream)
    expected = 1
    try:
        while True:
            for message in await feed.fetch(AT_ONCE, timeout=SILENCE_SECONDS):
                number = message.metadata.sequence
                if number.consumer != expected:
                    raise ConnectionError("a message is missing")
                expected += 1
                event = json.loads(message.data)
                # The server goes by when it stored an event, we by when it was recorded.
                if not since or datetime.fromisoformat(event["time"]) >= since:
                    handle(event)
                place.move(number.stream)
    finally:
        await feed.unsubscribe()


async def follow(url: str, stream: str, place: Place, since=None, filters=()) -> None:
    """Handle events for ever."""

    async def tell(error: Exception) -> None:
        warn(f"{type(error).__name__}: {error}")

    # The servers of a cluster tell each other's addresses, which hold no password: it goes apart.
    who = urlsplit(url)
    client = await nats.connect(
        url, user=who.username, password=who.password, max_reconnect_attempts=-1, error_cb=tell
    )
    js = client.jetstream()
    try:
        while True:
            try:
                await read(js, stream, place, since, list(filters))
            except TimeoutError:
                pass  # a silence: look again
            except (NatsError, OSError) as error:
                warn(f"{type(error).__name__}: {error}")
                await asyncio.sleep(PAUSE_SECONDS)
    finally:
        await client.close()


def warn(text: str) -> None:
    """A line for whoever watches over this program."""
    print(text, file=sys.stderr, flush=True)


def arguments() -> argparse.Namespace:
    """What was said on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("url", help="as `bulwark subscriber add` printed it")
    parser.add_argument("--stream", required=True, help="INTAKE, ALERTS, VOLUNTEERS or ROLLUP")
    parser.add_argument("--place", type=Path, default=Path("place.json"), help="where to keep it")
    parser.add_argument("--from", dest="since", type=datetime.fromisoformat, help="with offset")
    parser.add_argument("--types", default="", help="fever_detected,risk_level_changed")
    parser.add_argument("--area", default="", help="within this area, such as a county: 220581")
    said = parser.parse_args()
    if said.area and not said.types:
        parser.error("--area needs --types")
    if said.since and said.since.tzinfo is None:
        parser.error("--from needs an offset: 2021-01-18T08:00:00+08:00")
    names = said.types.split(",") if said.types else []
    said.filters = subjects(said.stream.lower(), names, said.area)
    return said


if __name__ == "__main__":
    said = arguments()
    try:
        asyncio.run(follow(said.url, said.stream, Place(said.place), said.since, said.filters))
    except KeyboardInterrupt:
        pass
