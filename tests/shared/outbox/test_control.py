"""The control subjects: the same answers from FastStream's broker in memory and from a real one."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bulwark.broker.nats_server import Broker
from shared.database.engine import Database
from shared.nats.connection import Bus
from shared.outbox.control import (
    ControlSubjects,
    Found,
    HeadReply,
    HeadRequest,
    RebuildReply,
    RebuildRequest,
)
from shared.outbox.verification import StreamCheck, digest_of
from tests.support.core.answering import WHERE, Asking, answered
from tests.support.core.pair import Open, append, logged, noted

pytestmark = pytest.mark.requirement("P1")
on_both = pytest.mark.parametrize("where", WHERE)

Asked = Callable[[Asking], Awaitable[None]]


class Owner:
    """A log of three events, and what its owner was asked for."""

    def __init__(self, url: str, database: Database) -> None:
        self.url = url
        self.database = database
        self.wakes = 0
        self.requests: list[RebuildRequest] = []
        self.grants = True
        append(database, *[noted(number) for number in range(3)])
        self.digests = [digest_of(document) for _, document in logged(database)]

    def control(self, bus: Bus) -> ControlSubjects:
        """Its control subjects."""
        check = StreamCheck("source", self.database, bus, 3600)
        return ControlSubjects("source", bus, check, wake=self._wake, rebuild=self._rebuild)

    def _wake(self) -> None:
        self.wakes += 1

    async def _rebuild(self, request: RebuildRequest) -> bool:
        self.requests.append(request)
        return self.grants

    def ask(self, where: str, asked: Asked) -> None:
        """Ask it."""

        async def scenario() -> None:
            async with answered(
                self.url, where, lambda bus: self.control(bus).register()
            ) as asking:
                await asked(asking)

        asyncio.run(scenario())


@pytest.fixture
def owner(broker: Broker, new_file: Open) -> Owner:
    return Owner(broker.url, new_file())


@on_both
def test_head_is_told_to_the_byte_when_a_reader_of_any_release_asks(
    owner: Owner, where: str
) -> None:
    async def asked(asking: Asking) -> None:
        same, other = owner.digests[1], owner.digests[0]
        for body, answer in {
            b"": b'{"head":3,"differs":false}',
            b"{}": b'{"head":3,"differs":false}',
            b'{"sequence":2,"digest":null}': b'{"head":3,"differs":false}',
            b'{"sequence":2,"digest":"%s"}' % same.encode(): b'{"head":3,"differs":false}',
            b'{"sequence":2,"digest":"%s"}' % other.encode(): b'{"head":3,"differs":true}',
            b'{"sequence":9,"digest":"%s","later":[1]}' % same.encode(): (
                b'{"head":3,"differs":false}'
            ),
        }.items():
            assert await asking.raw("head.source", body) == answer

    owner.ask(where, asked)


@on_both
def test_body_is_read_as_json_when_its_headers_say_otherwise(owner: Owner, where: str) -> None:
    async def asked(asking: Asking) -> None:
        kind = {"content-type": "text/plain"}
        assert await asking.raw("head.source", b"{}", **kind) == b'{"head":3,"differs":false}'

    owner.ask(where, asked)


@on_both
def test_rebuild_is_passed_on_when_it_is_asked_for(owner: Owner, where: str) -> None:
    async def asked(asking: Asking) -> None:
        body = b'{"created":"then","sequence":2,"found":null}'
        assert await asking.raw("repair.source", body) == b'{"remade":true,"logged":false}'
        owner.grants = False
        # As `bulwark refill` of an older release asks.
        body = b'{"created":null,"sequence":1}'
        assert await asking.raw("repair.source", body) == b'{"remade":false,"logged":false}'

    owner.ask(where, asked)
    assert owner.requests == [
        RebuildRequest(created="then", sequence=2),
        RebuildRequest(sequence=1),
    ]


@on_both
def test_stream_is_left_as_it_is_when_what_was_found_stands_in_the_log(
    owner: Owner, where: str
) -> None:
    def request(sequence: int, digest: str) -> dict[str, object]:
        found = Found(sequence=sequence, digest=digest)
        return RebuildRequest(created="then", sequence=1, found=found).model_dump()

    async def asked(asking: Asking) -> None:
        answer = await asking("repair.source", request(2, owner.digests[1]))
        assert answer == {"remade": False, "logged": True}
        assert owner.requests == []
        answer = await asking("repair.source", request(2, owner.digests[0]))
        assert answer == {"remade": True, "logged": False}

    owner.ask(where, asked)


@on_both
def test_relay_is_woken_and_nobody_answered_when_another_process_committed(
    owner: Owner, where: str
) -> None:
    async def asked(asking: Asking) -> None:
        silent = [await asking.is_silent("wake.source", body) for body in (b"", b"not JSON")]
        # In memory, whatever a handler returns is an answer.
        assert silent == [where == "real"] * 2

    owner.ask(where, asked)
    assert owner.wakes == 2


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b"junk", b'{"sequence":"x"}', b'{"sequence":1,"found":{}}']
)
@on_both
def test_nobody_is_answered_when_a_request_is_nonsense(
    owner: Owner, where: str, body: bytes, logs: list[dict[str, object]]
) -> None:
    async def asked(asking: Asking) -> None:
        assert await asking.is_silent("repair.source", body)
        assert await asking.raw("head.source", b"") == b'{"head":3,"differs":false}'

    owner.ask(where, asked)
    assert owner.requests == []
    told = [one["subject"] for one in logs if one["event"] == "bus.error"]
    assert told == ["repair.source"]


def test_lower_number_of_the_common_stream_is_asked_for_when_two_requests_are_merged() -> None:
    first = RebuildRequest(created="then", sequence=7)
    assert first.merged_with(None) is first
    assert first.merged_with(RebuildRequest(created="then", sequence=3)).sequence == 3
    assert first.merged_with(RebuildRequest(created="then", sequence=9)) == first
    assert first.merged_with(RebuildRequest(created="later", sequence=9)).created is None


def test_bodies_are_those_of_older_releases_when_they_are_written() -> None:
    found = Found(sequence=2, digest="ab")
    for model, written in (
        (HeadRequest(sequence=2, digest="ab"), '{"sequence":2,"digest":"ab"}'),
        (
            RebuildRequest(created="then", sequence=1, found=found),
            '{"created":"then","sequence":1,"found":{"sequence":2,"digest":"ab"}}',
        ),
        (HeadReply(head=3, differs=True), '{"head":3,"differs":true}'),
        (RebuildReply(remade=True, logged=False), '{"remade":true,"logged":false}'),
    ):
        assert model.model_dump_json() == written
