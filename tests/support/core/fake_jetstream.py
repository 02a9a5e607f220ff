"""A JetStream server in memory, with every fault that the model wants.

It knows what relay and reader use: guarded publishes, atomic batches, the stream's API, pull
consumers without acks, heartbeats, and messages between clients. Its streams are made of files, so
to speak: they stay when it is stopped; consumers, batches begun and messages on their way do not.
"""

from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

from shared.writer import log as event_log

WRONG_LAST, INCOMPLETE, NO_STREAM, NAME_TAKEN, NO_MESSAGE = 10071, 10176, 10059, 10058, 10037


class Hearer(Protocol):
    """A subscription of some client."""

    subject: str

    def on_message(self, reply: str, data: bytes, headers: dict[str, str] | None) -> None:
        """A message has come."""
        ...


@dataclass
class Stored:
    """A message of a stream; `hidden` ones are damaged so that nobody can read them."""

    subject: str
    data: bytes
    headers: dict[str, str]
    at_ms: int
    hidden: bool = False


@dataclass
class Stream:
    """A stream's messages by number, and the number of the last."""

    config: dict[str, Any]
    created: str
    last: int
    messages: dict[int, Stored] = field(default_factory=dict)

    @property
    def first(self) -> int:
        """The lowest number present; one beyond the last when there is none."""
        return min(self.messages, default=self.last + 1)


@dataclass
class Consumer:
    """A pull consumer: where it stands, where its messages go, and how many it may send."""

    name: str
    stream: str
    next: int
    inbox: str = ""
    allowed: int = 0
    expires_ms: int = 0


@dataclass
class Begun:
    """An atomic batch that is not decided."""

    rows: list[Stored]
    guard: str | None
    broken: bool = False


class Server:
    """The server; `up` False is a server that is gone."""

    def __init__(self) -> None:
        self.up = True
        self.streams: dict[str, Stream] = {}
        self.consumers: dict[str, Consumer] = {}
        self.hearers: list[Hearer] = []
        # Faults: acks to lose, and messages of batches.
        self.acks_to_lose = 0
        self.messages_to_lose = 0
        self._batches: dict[str, Begun] = {}
        self._names = iter(range(1, 1_000_000_000))

    # What happens to it.

    def stop(self) -> None:
        """It is gone, and all that is not in files with it."""
        self.up = False
        self.consumers.clear()
        self._batches.clear()

    def restart(self) -> None:
        """It was gone for a moment."""
        self.stop()
        self.up = True

    def wipe(self) -> None:
        """Its files are gone, and it starts with none."""
        self.streams.clear()
        self.restart()

    def truncate(self, stream: str, messages: int) -> None:
        """The end of a stream's file is gone after a restart."""
        found = self.streams[stream]
        for _ in range(min(messages, len(found.messages))):
            del found.messages[found.last]
            found.last -= 1
        self.restart()

    def beat(self) -> None:
        """Send heartbeats, and let messages age."""
        if not self.up:
            return
        for stream in self.streams.values():
            self._age(stream)
        for consumer in list(self.consumers.values()):
            self._pump(consumer)
            if consumer.allowed and consumer.expires_ms <= event_log.machine_ms():
                consumer.allowed = 0
                self.deliver(consumer.inbox, b"", headers={"Status": "408"})
            elif consumer.allowed:
                self.deliver(consumer.inbox, b"", headers={"Status": "100"})

    def _age(self, stream: Stream) -> None:
        oldest = event_log.machine_ms() - stream.config["max_age"] // 1_000_000
        for number in sorted(stream.messages):
            if stream.messages[number].at_ms > oldest:
                break
            del stream.messages[number]

    # Messages.

    def deliver(
        self,
        subject: str,
        data: bytes,
        headers: dict[str, str] | None = None,
        reply: str = "",
    ) -> int:
        """Hand a message to whoever subscribes; returns to how many."""
        found = [hearer for hearer in self.hearers if hearer.subject == subject]
        for hearer in found:
            hearer.on_message(reply, data, headers)
        return len(found)

    def publish(self, subject: str, data: bytes, headers: dict[str, str]) -> bytes | None:
        """A message for a stream: the ack, or None where none is sent."""
        stream = self._owner(subject)
        if stream is None:
            return None
        if self.messages_to_lose and "Nats-Batch-Id" in headers:
            self.messages_to_lose -= 1
            return None
        self._age(stream)
        plain = {key: value for key, value in headers.items() if not key.startswith("Nats-")}
        stored = Stored(subject, data, plain, event_log.machine_ms())
        if "Nats-Batch-Id" in headers:
            ack = self._batched(stream, stored, headers)
        else:
            ack = self._store(stream, [stored], headers.get("Nats-Expected-Last-Sequence"))
        if ack is not None and self.acks_to_lose and b'"seq"' in ack:
            self.acks_to_lose -= 1
            return None
        return ack

    def _owner(self, subject: str) -> Stream | None:
        for stream in self.streams.values():
            if any(subject.startswith(s.removesuffix(">")) for s in stream.config["subjects"]):
                return stream
        return None

    def _batched(self, stream: Stream, stored: Stored, headers: dict[str, str]) -> bytes | None:
        name, number = headers["Nats-Batch-Id"], int(headers["Nats-Batch-Sequence"])
        if number == 1:
            self._batches[name] = Begun([], headers.get("Nats-Expected-Last-Sequence"))
        begun = self._batches.setdefault(name, Begun([], None, broken=True))
        begun.broken = begun.broken or number != len(begun.rows) + 1
        begun.rows.append(stored)
        if "Nats-Batch-Commit" not in headers:
            return None
        del self._batches[name]
        if begun.broken:
            return refusal(INCOMPLETE, "atomic publish batch is incomplete")
        return self._store(stream, begun.rows, begun.guard)

    def _store(self, stream: Stream, rows: list[Stored], guard: str | None) -> bytes:
        if guard is not None and int(guard) != stream.last:
            return refusal(WRONG_LAST, f"wrong last sequence: {stream.last}")
        for stored in rows:
            stream.last += 1
            stream.messages[stream.last] = stored
        for consumer in list(self.consumers.values()):
            self._pump(consumer)
        return orjson.dumps({"stream": stream.config["name"], "seq": stream.last})

    def _pump(self, consumer: Consumer) -> None:
        stream = self.streams[consumer.stream]
        consumer.next = max(consumer.next, stream.first)
        while consumer.allowed and consumer.next <= stream.last:
            stored = stream.messages.get(consumer.next)
            if stored is not None and not stored.hidden:
                reply = f"$JS.ACK.{consumer.stream}.{consumer.name}.1.{consumer.next}.1.0.0"
                self.deliver(consumer.inbox, stored.data, dict(stored.headers), reply)
                consumer.allowed -= 1
            consumer.next += 1

    # The API.

    def api(self, verb: str, body: bytes) -> bytes:
        """An answer of `$JS.API`."""
        action, _, rest = verb.partition(".")
        if action == "STREAM":
            return self._stream_api(rest, orjson.loads(body or b"{}"))
        assert rest.startswith("CREATE."), verb
        return self._create_consumer(rest.removeprefix("CREATE."), orjson.loads(body)["config"])

    def _stream_api(self, verb: str, body: dict[str, Any]) -> bytes:
        action, name = verb.rsplit(".", 1)
        stream = self.streams.get(name)
        if action == "CREATE":
            return self._create(name, stream, body)
        if stream is None:
            return refusal(NO_STREAM, "stream not found")
        self._age(stream)
        if action == "DELETE":
            self._delete(name)
        elif action == "UPDATE":
            stream.config = body
        elif action == "MSG.GET":
            stored = stream.messages.get(body["seq"])
            if stored is None or stored.hidden:
                return refusal(NO_MESSAGE, "no message found")
            return orjson.dumps({"message": {"data": b64encode(stored.data).decode()}})
        return orjson.dumps(
            {
                "config": stream.config,
                "created": stream.created,
                "state": {
                    "first_seq": stream.first,
                    "last_seq": stream.last,
                    "messages": len(stream.messages),
                },
            }
        )

    def _create(self, name: str, stream: Stream | None, config: dict[str, Any]) -> bytes:
        if stream is None:
            created = f"birth {next(self._names)}"
            self.streams[name] = Stream(config, created, config["first_seq"] - 1)
        elif stream.config != config:
            return refusal(NAME_TAKEN, "stream name already in use")
        return orjson.dumps({"config": config})

    def _delete(self, name: str) -> None:
        del self.streams[name]
        for consumer in [c for c in self.consumers.values() if c.stream == name]:
            del self.consumers[consumer.name]
            if consumer.inbox:
                headers = {"Status": "409", "Description": "Consumer Deleted"}
                self.deliver(consumer.inbox, b"", headers)

    def _create_consumer(self, name: str, config: dict[str, Any]) -> bytes:
        if name not in self.streams:
            return refusal(NO_STREAM, "stream not found")
        consumer = Consumer(f"c{next(self._names)}", name, config["opt_start_seq"])
        self.consumers[consumer.name] = consumer
        return orjson.dumps({"name": consumer.name})

    def pull(self, consumer: str, wish: dict[str, int], inbox: str) -> None:
        """A consumer may send so many more, for so long; without a pull not even beats come."""
        found = self.consumers.get(consumer)
        if found is not None:
            found.allowed += wish["batch"]
            found.expires_ms = event_log.machine_ms() + wish["expires"] // 1_000_000
            found.inbox = inbox
            self._pump(found)

    def forget(self, consumer: str) -> None:
        """A consumer was deleted by its client."""
        self.consumers.pop(consumer, None)


def refusal(code: int, description: str) -> bytes:
    """An error of the server."""
    return orjson.dumps({"error": {"err_code": code, "description": description}})
