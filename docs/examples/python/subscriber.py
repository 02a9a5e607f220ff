"""A durable subscriber with plain nats-py: every event once, in order, from its own place on.

    python subscriber.py nats://NAME:PASSWORD@HOST:PORT --stream ALERTS --place place.json

Each event is printed as one line of JSON; put your own work into `handle`. The place (number and id
of the last event handled) is kept in a file, so that the program may stop for a day, lose its
connection, or find the stream made again, and goes on where it was. It ends, with a line that says
why, when the number means another event now. Needs: pip install nats-py
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


class Ended(Exception):
    """The program cannot go on by itself; the message says why."""


class OwnWorkFailed(Exception):
    """`handle` raised an error; started again, the program begins with the same event."""


class Place:
    """The last event handled, by number and id, and up to where there was none of ours since.

    In a file that is replaced as a whole.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        kept = json.loads(file.read_text()) if file.exists() else {}
        self.sequence = kept.get("sequence", 0)
        self.id = kept.get("id")
        self.seen = kept.get("seen", self.sequence)

    def move(self, sequence: int, event_id: str | None, seen: int) -> None:
        """Remember how far we are; on disk when this returns."""
        draft = self.file.with_suffix(".new")
        with draft.open("w") as file:
            json.dump({"sequence": sequence, "id": event_id, "seen": seen}, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.file)
        self.sequence, self.id, self.seen = sequence, event_id, seen


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
    """What to ask the server for: from the place on, else from a date, else everything."""
    config = ConsumerConfig(
        ack_policy=AckPolicy.NONE,
        inactive_threshold=FORGOTTEN_AFTER_SECONDS,
        # Without filters it is all that this account may read.
        filter_subjects=filters or None,
    )
    if place.sequence:
        config.deliver_policy = DeliverPolicy.BY_START_SEQUENCE
        # With the event of the place itself: that it comes again shows that the numbers still
        # mean the same events.
        config.opt_start_seq = place.sequence if place.id else place.sequence + 1
    elif since:
        config.deliver_policy = DeliverPolicy.BY_START_TIME
        config.opt_start_time = since.astimezone(UTC).isoformat()
    return config


async def read(js, stream: str, place: Place, since: datetime | None, filters: list[str]) -> None:
    """Handle events until there is a silence; raises when anything is amiss."""
    info = await js.stream_info(stream)
    if info.state.last_seq < place.sequence:
        warn(f"{stream} ends before our place: it is being made again, or its site was restored")
        await asyncio.sleep(SILENCE_SECONDS)
        return
    if info.state.first_seq > place.seen + 1 and place.sequence:
        first = info.state.first_seq
        warn(f"{stream} begins at {first}: `bulwark refill` brings back what was before")
    made = await js.add_consumer(stream, consumer(place, since, filters))
    feed = await js.pull_subscribe_bind(durable=made.name, stream=stream)
    expected = 1
    try:
        while True:
            try:
                messages = await feed.fetch(AT_ONCE, timeout=SILENCE_SECONDS)
            except TimeoutError:
                # Nothing of ours lies behind the place: it may grow old without being missed.
                nothing_left = not (await feed.consumer_info()).num_pending
                if nothing_left and place.sequence and info.state.last_seq > place.seen:
                    place.move(place.sequence, place.id, info.state.last_seq)
                return
            for message in messages:
                number = message.metadata.sequence
                if number.consumer != expected:
                    raise ConnectionError("a message is missing")
                event = json.loads(message.data)
                if expected > 1 or not await is_last(js, info, place, number.stream, event):
                    take(event, since)
                    place.move(number.stream, event["id"], number.stream)
                expected += 1
    finally:
        await feed.unsubscribe()


async def is_last(js, info, place: Place, sequence: int, event: dict) -> bool:
    """Whether the first event that came is the one that we handled last; raises when that one
    should have come, and did not."""
    if not place.id or info.state.first_seq > place.sequence:
        return False
    if (sequence, event["id"]) == (place.sequence, place.id):
        return True
    name = info.config.name
    now = await js.stream_info(name)
    if sequence < place.sequence or now.created != info.created:
        raise ConnectionError("the stream is being made again")
    if now.state.first_seq > place.sequence:
        # It has just grown too old, which says nothing of its number; the next look knows that.
        raise ConnectionError("the stream begins later now")
    raise Ended(
        f"{name}: number {place.sequence} is no longer the event that we handled. The site was "
        "restored from a backup, or what we may read has changed. Settle with county IT from where "
        f'to read, and write that into {place.file}: {{"sequence": LAST NUMBER THAT STILL HOLDS}}'
    )


def take(event: dict, since: datetime | None) -> None:
    """Hand an event to your own work, unless it is from before the date."""
    # The server goes by when it stored an event, we by when it was recorded.
    if since and datetime.fromisoformat(event["time"]) < since:
        return
    try:
        handle(event)
    except Exception as error:
        # Not to be taken for a fault of the connection.
        raise OwnWorkFailed(repr(error)) from error


async def follow(url: str, stream: str, place: Place, since=None, filters=()) -> None:
    """Handle events for ever; raises Ended or OwnWorkFailed."""

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
            except (NatsError, OSError) as error:
                warn(f"{type(error).__name__}: {error}")
                await asyncio.sleep(PAUSE_SECONDS)
            if client.is_closed:
                raise Ended("the connection is closed for good: is the account still there?")
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
    except Ended as error:
        raise SystemExit(str(error)) from None
    except KeyboardInterrupt:
        pass
