"""A durable subscriber with FastStream: typed events, FastStream's connection and life cycle.

    BULWARK_URL=nats://NAME:PASSWORD@HOST:PORT STREAM=ALERTS PLACE=place.json \\
        SUBJECTS=events.alerts.fever_detected.22.05.81.> \\
        faststream run subscriber_faststream:app

SUBJECTS are within the account's rights, by commas. A subscriber that FastStream runs by itself
(`@broker.subscriber`) leaves the place to the server, which forgets it when a stream is made again;
so this one is asked for one event after the other, and made again from its own place whenever
there was a silence or a fault. Needs: pip install "faststream[nats,cli]"
"""

import asyncio
import json
import os
import sys
from datetime import datetime
from pathlib import Path

from faststream import FastStream
from faststream.nats import JStream, NatsBroker
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from pydantic import BaseModel, ConfigDict

URL = os.environ["BULWARK_URL"]
STREAM = os.environ["STREAM"]
PLACE = Path(os.environ.get("PLACE", "place.json"))
SUBJECTS = os.environ["SUBJECTS"].split(",")
FROM = os.environ.get("FROM")
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


broker = NatsBroker(URL, max_reconnect_attempts=-1)
app = FastStream(broker)
tasks = []


def read_place() -> int:
    """The number of the last event handled; 0 at first."""
    return json.loads(PLACE.read_text())["sequence"] if PLACE.exists() else 0


def keep_place(sequence: int) -> None:
    """Remember how far we are; on disk when this returns."""
    draft = PLACE.with_suffix(".new")
    with draft.open("w") as file:
        json.dump({"sequence": sequence}, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(PLACE)


def consumer(place: int, since: datetime | None) -> ConsumerConfig:
    """From behind the place on, else from a date, else everything."""
    config = ConsumerConfig(
        ack_policy=AckPolicy.NONE, inactive_threshold=60.0, filter_subjects=SUBJECTS
    )
    if place:
        config.deliver_policy = DeliverPolicy.BY_START_SEQUENCE
        config.opt_start_seq = place + 1
    elif since:
        config.deliver_policy = DeliverPolicy.BY_START_TIME
        config.opt_start_time = since.isoformat()
    return config


async def read(since: datetime | None) -> None:
    """Handle events until there is a silence."""
    subscriber = broker.subscriber(
        stream=JStream(STREAM, declare=False),
        config=consumer(read_place(), since),
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
            expected += 1
            event = CloudEvent.model_validate_json(message.body)
            # The server goes by when it stored an event, we by when it was recorded.
            if since is None or event.time >= since:
                await handle(event)
            keep_place(number.stream)
    finally:
        await subscriber.stop()


async def follow() -> None:
    """Handle events for ever."""
    since = datetime.fromisoformat(FROM) if FROM else None
    while True:
        try:
            await read(since)
        except (NatsError, OSError) as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
            await asyncio.sleep(PAUSE_SECONDS)


def ended(task: asyncio.Task) -> None:
    """An error in your own work ends the program; started again, it begins with the same event."""
    if not task.cancelled():
        task.print_stack()
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
