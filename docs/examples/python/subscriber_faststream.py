"""A durable subscriber with FastStream: typed events, FastStream's connection and life cycle.

    BULWARK_URL=nats://NAME:PASSWORD@HOST:PORT STREAM=ALERTS PLACE=place.json \\
        SUBJECTS=events.alerts.fever_detected.22.05.81.> \\
        faststream run subscriber_faststream:app

SUBJECTS are within the account's rights, by commas. A subscriber that FastStream runs by itself
(`@broker.subscriber`) leaves the place to the server, which forgets it when a stream is made again;
and by FastStream's default policy of acknowledgement an event whose handler raised never comes
again. So nothing is acknowledged here: the subscriber is asked for one event after the other, and
made again from its own place whenever there was a silence or a fault.

Needs: pip install "faststream[nats,cli]"
"""

import asyncio
import os
import sys
import traceback
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from faststream import FastStream
from faststream.nats import JStream, NatsBroker
from faststream.security import SASLPlaintext
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, StreamInfo
from pydantic import BaseModel, ConfigDict

URL = os.environ["BULWARK_URL"]
STREAM = os.environ["STREAM"]
PLACE = Path(os.environ.get("PLACE", "place.json"))
SUBJECTS = os.environ["SUBJECTS"].split(",")
FROM = os.environ.get("FROM")
try:
    SINCE = datetime.fromisoformat(FROM) if FROM else None
except ValueError:
    raise SystemExit(f"FROM is no date: {FROM}") from None
if SINCE and SINCE.tzinfo is None:
    raise SystemExit("FROM needs an offset: 2021-01-18T08:00:00+08:00")
SILENCE_SECONDS = float(os.environ.get("SILENCE_SECONDS", "10"))
PAUSE_SECONDS = 1.0


class CloudEvent(BaseModel):
    """The envelope; fields that are added later are ignored."""

    model_config = ConfigDict(extra="ignore")

    id: str
    type: str
    time: datetime
    subject: str
    sequence: int
    data: dict


async def handle(event: CloudEvent) -> None:
    """Your own work. It may be called again with the same event after a crash: look at its id."""
    print(event.model_dump_json(), flush=True)


# The servers of a cluster tell each other's addresses, which hold no password: it goes apart.
who = urlsplit(URL)
broker = NatsBroker(
    who._replace(netloc=who.netloc.rpartition("@")[2]).geturl(),
    security=SASLPlaintext(username=who.username or "", password=who.password or ""),
    max_reconnect_attempts=-1,
)
app = FastStream(broker)
tasks = []


class Ended(Exception):
    """The program cannot go on by itself; the message says why."""


class OwnWorkFailed(Exception):
    """`handle` raised an error; started again, the program begins with the same event."""


class Place(BaseModel):
    """The last event handled, by number and id, and up to where there was none of ours since."""

    sequence: int = 0
    id: str | None = None
    seen: int = 0


def read_place() -> Place:
    """How far we are; nowhere at first."""
    place = Place.model_validate_json(PLACE.read_text()) if PLACE.exists() else Place()
    return place.model_copy(update={"seen": max(place.seen, place.sequence)})


def keep_place(place: Place) -> None:
    """Remember how far we are; on disk when this returns."""
    draft = PLACE.with_suffix(".new")
    with draft.open("w") as file:
        file.write(place.model_dump_json())
        file.flush()
        os.fsync(file.fileno())
    draft.replace(PLACE)


def consumer(place: Place, since: datetime | None) -> ConsumerConfig:
    """From the place on, else from a date, else everything."""
    config = ConsumerConfig(
        ack_policy=AckPolicy.NONE, inactive_threshold=60.0, filter_subjects=SUBJECTS
    )
    if place.sequence:
        config.deliver_policy = DeliverPolicy.BY_START_SEQUENCE
        # With the event of the place itself: that it comes again shows that the numbers still
        # mean the same events.
        config.opt_start_seq = place.sequence if place.id else place.sequence + 1
    elif since:
        config.deliver_policy = DeliverPolicy.BY_START_TIME
        config.opt_start_time = since.isoformat()
    return config


async def read(since: datetime | None) -> None:
    """Handle events until there is a silence; raises when anything is amiss."""
    place, info = read_place(), await broker.connection.jetstream().stream_info(STREAM)
    if info.state.last_seq < place.sequence:
        warn(f"{STREAM} ends before our place: it is being made again, or its site was restored")
        await asyncio.sleep(SILENCE_SECONDS)
        return
    if place.sequence and info.state.first_seq > place.seen + 1:
        first = info.state.first_seq
        warn(f"{STREAM} begins at {first}: `bulwark refill` brings back what was before")
    subscriber = broker.subscriber(
        stream=JStream(STREAM, declare=False),
        config=consumer(place, since),
        subject=SUBJECTS[0],
        persistent=False,
    )
    await subscriber.start()
    expected = 1
    try:
        while message := await subscriber.get_one(timeout=SILENCE_SECONDS):
            number = message.raw_message.metadata.sequence
            if number.consumer != expected:
                raise ConnectionError("a message is missing")
            event = CloudEvent.model_validate_json(message.body)
            if expected > 1 or not await is_last(info, place, number.stream, event):
                await take(event, since)
                place = Place(sequence=number.stream, id=event.id, seen=number.stream)
                keep_place(place)
            expected += 1
    finally:
        await subscriber.stop()
    # Nothing of ours lies behind the place: it may grow old without being missed.
    if broker.connection.is_connected and place.sequence and place.seen < info.state.last_seq:
        keep_place(place.model_copy(update={"seen": info.state.last_seq}))


async def is_last(info: StreamInfo, place: Place, sequence: int, event: CloudEvent) -> bool:
    """Whether the first event that came is the one that we handled last; raises when that one
    should have come, and did not."""
    if not place.id or info.state.first_seq > place.sequence:
        return False
    if (sequence, event.id) == (place.sequence, place.id):
        return True
    now = await broker.connection.jetstream().stream_info(STREAM)
    if sequence < place.sequence or now.created != info.created:
        raise ConnectionError("the stream is being made again")
    if now.state.first_seq > place.sequence:
        # It has just grown too old, which says nothing of its number; the next look knows that.
        raise ConnectionError("the stream begins later now")
    raise Ended(
        f"{STREAM}: number {place.sequence} is no longer the event that we handled. The site was "
        "restored from a backup, or what we may read has changed. Settle with county IT from where "
        f'to read, and write that into {PLACE}: {{"sequence": LAST NUMBER THAT STILL HOLDS}}'
    )


async def take(event: CloudEvent, since: datetime | None) -> None:
    """Hand an event to your own work, unless it is from before the date."""
    # The server goes by when it stored an event, we by when it was recorded.
    if since and event.time < since:
        return
    try:
        await handle(event)
    except Exception as error:
        # Not to be taken for a fault of the connection.
        raise OwnWorkFailed(repr(error)) from error


async def follow() -> None:
    """Handle events for ever; raises Ended or OwnWorkFailed."""
    while True:
        try:
            await read(SINCE)
        except (NatsError, OSError) as error:
            warn(f"{type(error).__name__}: {error}")
            await asyncio.sleep(PAUSE_SECONDS)
        if broker.connection.is_closed:
            raise Ended("the connection is closed for good: is the account still there?")


def warn(text: str) -> None:
    """A line for whoever watches over this program."""
    print(text, file=sys.stderr, flush=True)


def ended(task: asyncio.Task) -> None:
    """An error in your own work ends the program; started again, it begins with the same event."""
    if not task.cancelled() and (error := task.exception()):
        traceback.print_exception(error)
        app.exit()


@app.after_startup
async def begin() -> None:
    """Once FastStream is connected."""
    tasks.append(asyncio.create_task(follow()))
    tasks[0].add_done_callback(ended)


@app.on_shutdown
async def end() -> None:
    """Before FastStream leaves."""
    for task in tasks:
        task.cancel()


@app.after_shutdown
async def tell() -> None:
    """To whoever started it: it did not end because it was asked to."""
    if any(task.done() and not task.cancelled() for task in tasks):
        raise SystemExit(1)
