"""What the client is told to reach the broker by, and how a request ends."""

import asyncio
from typing import Any

import nats.errors
import pytest

from shared.nats.connection import Bus, reached_by


class _Client:
    """A client whose only request waits as nats-py's do."""

    def __init__(self) -> None:
        self.answer = asyncio.get_running_loop().create_future()

    async def request(self, *_words: Any, timeout: float, **_options: Any) -> Any:  # noqa: ASYNC109
        return await asyncio.wait_for(self.answer, timeout)


class _Bus(Bus):
    """The real bus on that client."""

    def __init__(self) -> None:
        self.asked = _Client()

    @property
    def client(self) -> Any:
        return self.asked


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("nats://127.0.0.1:4222", {"servers": ["nats://127.0.0.1:4222"]}),
        ("broker:4222", {"servers": ["nats://broker:4222"]}),
        (
            "tls://bulwark:a%40b@one:4222,tls://bulwark:a%40b@two:4222",
            {
                "servers": ["tls://one:4222", "tls://two:4222"],
                "user": "bulwark",
                "password": "a@b",
            },
        ),
    ],
)
def test_credentials_stand_apart_from_addresses_when_a_url_holds_both(
    url: str, told: dict[str, object]
) -> None:
    assert reached_by(url) == told


@pytest.mark.parametrize("refused", [False, True])
def test_cancellation_is_heeded_when_it_meets_the_answer(refused: bool) -> None:
    async def scenario() -> asyncio.Task[Any]:
        bus = _Bus()
        asking = asyncio.ensure_future(bus.request("head.intake"))
        await asyncio.sleep(0)
        if refused:
            bus.asked.answer.set_exception(nats.errors.NoRespondersError())
        else:
            bus.asked.answer.set_result("answer")
        asking.cancel()
        await asyncio.wait([asking])
        return asking

    assert asyncio.run(scenario()).cancelled()
