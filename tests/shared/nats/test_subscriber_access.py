"""Subscriber access: the same answers from FastStream's broker in memory and from a real one.

How the server writes the rights into the subject: tests/bulwark/broker/test_subscribers_rights.py.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import nats.errors
import orjson
import pytest

from bulwark.broker.nats_server import Broker
from shared.nats.connection import Bus
from shared.nats.subscriber_access import ACCOUNT, SubscriberAccess
from shared.nats.subscriber_rights import ANY_SERVICE, Rights
from tests.support.core.answering import WHERE, Asking, answered

pytestmark = [pytest.mark.requirement("P2"), pytest.mark.parametrize("where", WHERE)]

RIGHTS = Rights("alerts", "hospital", "220581", ("fever_detected",))
FEVERS = "events.alerts.fever_detected.22.05.81.>"
NAME = "TQGqE0sDXxClCEN7hsNppb"
MINE = RIGHTS.prefix
OF_ANY = Rights(ANY_SERVICE, "hospital", "220581").prefix
# As JetStream orders and writes it, with what no model of ours knows.
MADE = '{"type":"made","config":{"name":"x","max_deliver":-1},"did_create":true,"ts":"区"}'.encode()


class JetStream:
    """What JetStream answers, and what it was asked."""

    def __init__(self) -> None:
        self.answer: bytes | Exception = MADE
        self.asked: list[tuple[str, Any]] = []

    async def request(self, subject: str, payload: bytes) -> Any:
        """As the bus does."""
        self.asked.append((subject, orjson.loads(payload or b"null")))
        if isinstance(self.answer, Exception):
            raise self.answer

        class Answer:
            data = self.answer

        return Answer


@pytest.fixture
def jetstream() -> JetStream:
    return JetStream()


@pytest.fixture
def ask(
    broker: Broker, where: str, jetstream: JetStream, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[Asking], Awaitable[None]]], None]:
    """Runs questions to the handlers of the alerts service."""

    def register(bus: Bus) -> Any:
        monkeypatch.setattr(bus, "request", jetstream.request)
        return SubscriberAccess("alerts", bus).register()

    def run(asked: Callable[[Asking], Awaitable[None]]) -> None:
        async def scenario() -> None:
            async with answered(broker.url, where, register) as asking:
                await asked(asking)

        asyncio.run(scenario())

    return run


def error(code: int, why: str) -> dict[str, Any]:
    return {"error": {"code": code, "err_code": 0, "description": why}}


def test_consumer_is_made_within_the_rights_when_it_is_asked_for(
    ask: Any, jetstream: JetStream
) -> None:
    async def asked(asking: Asking) -> None:
        config = {"ack_policy": "none", "name": NAME, "filter_subject": FEVERS}
        body = orjson.dumps({"stream_name": "OTHER", "config": config, "action": "update"})
        for suffix in ("", f".{NAME}", f".durable.{NAME}"):
            assert await asking.raw(f"{MINE}.create{suffix}", body) == MADE

    ask(asked)
    subject, body = jetstream.asked[0]
    assert subject == f"$JS.API.CONSUMER.CREATE.ALERTS.{NAME}"
    assert (body["stream_name"], body["action"]) == ("ALERTS", "create")
    assert body["config"]["filter_subjects"] == [FEVERS]
    assert jetstream.asked == [jetstream.asked[0]] * 3


def test_inbox_is_told_as_it_was_asked_for_when_messages_are_pushed(
    ask: Any, jetstream: JetStream
) -> None:
    async def asked(asking: Asking) -> None:
        config = {"name": NAME, "deliver_subject": "_INBOX.abc"}
        answer = await asking(f"{MINE}.create", {"config": config})
        assert answer["config"]["deliver_subject"] == "_INBOX.abc"

    ask(asked)
    assert jetstream.asked[0][1]["config"]["deliver_subject"] == "delivery.hospital._INBOX.abc"


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (b"junk", error(400, "not JSON")),
        (b"[]", error(400, "not an object")),
        (b"", error(400, "config: missing")),
        (b'{"config":null}', error(400, "config: missing")),
        (b'{"config":[1]}', error(400, "config: missing")),
        (b'{"config":{"deliver_group":"x"}}', error(400, "deliver_group: not offered")),
        (b'{"config":{"deliver_subject":"events.x"}}', error(403, "deliver_subject: not an inbox")),
        (
            b'{"config":{"filter_subject":">"}}',
            error(403, f"filter '>' reaches beyond your rights: {FEVERS}"),
        ),
    ],
)
def test_subscriber_is_told_why_when_its_consumer_is_refused(
    ask: Any, jetstream: JetStream, body: bytes, answer: Any, logs: list[dict[str, Any]]
) -> None:
    async def asked(asking: Asking) -> None:
        assert orjson.loads(await asking.raw(f"{MINE}.create", body)) == answer

    ask(asked)
    assert jetstream.asked == []
    told = [one for one in logs if one["event"] == "subscriber_access.refused"]
    assert [one["subscriber"] for one in told] == ["hospital"]


def test_stream_is_described_without_what_was_asked_when_a_library_looks_for_it(
    ask: Any, jetstream: JetStream
) -> None:
    async def asked(asking: Asking) -> None:
        for body in (b"", b"junk", b'{"subjects_filter":">"}'):
            assert await asking.raw(f"{MINE}.stream", body) == MADE

    ask(asked)
    assert jetstream.asked == [("$JS.API.STREAM.INFO.ALERTS", None)] * 3


def test_account_and_names_are_told_when_whichever_service_is_asked(
    ask: Any, jetstream: JetStream
) -> None:
    async def asked(asking: Asking) -> None:
        for prefix in (MINE, OF_ANY):
            assert await asking.raw(f"{prefix}.account", b"junk") == orjson.dumps(ACCOUNT)
            for body, streams in (
                (b"", ["ALERTS"]),
                (b"{}", ["ALERTS"]),
                (b'{"subject":null}', ["ALERTS"]),
                (b'{"subject":"events.intake.>"}', ["INTAKE"]),
                (b'{"subject":"events"}', []),
                (b'{"subject":7}', []),
            ):
                answer = orjson.dumps(
                    {
                        "type": "io.nats.jetstream.api.v1.stream_names_response",
                        "total": len(streams),
                        "offset": 0,
                        "limit": 1024,
                        "streams": streams,
                    }
                )
                assert await asking.raw(f"{prefix}.names", body) == answer
            said = orjson.loads(await asking.raw(f"{prefix}.names", b"[]"))
            assert said == error(400, "not an object")

    ask(asked)
    assert jetstream.asked == []


@pytest.mark.parametrize(
    ("subject", "verb"),
    [
        (f"{MINE}.purge", "purge"),
        (f"{OF_ANY}.create", "create"),
        (f"{OF_ANY}.stream", "stream"),
        (f"{OF_ANY}.create.durable.x", "create"),
    ],
)
def test_request_is_refused_when_it_is_none_of_those_offered(
    ask: Any, jetstream: JetStream, subject: str, verb: str
) -> None:
    async def asked(asking: Asking) -> None:
        assert await asking(subject, {}) == error(400, f"{verb}: not offered")

    ask(asked)
    assert jetstream.asked == []


@pytest.mark.parametrize(
    "cause", [nats.errors.NoRespondersError(), nats.errors.TimeoutError(), OSError("gone")]
)
def test_subscriber_is_told_when_jetstream_does_not_answer(
    ask: Any, jetstream: JetStream, cause: Exception
) -> None:
    jetstream.answer = cause

    async def asked(asking: Asking) -> None:
        assert await asking(f"{MINE}.stream", {}) == error(503, repr(cause))

    ask(asked)
