"""What a target meets when a stream is no copy of its log, and when the log itself holds junk."""

import pytest
from structlog.testing import capture_logs

from services.rollup.webhooks import sending
from shared.nats.connection import StreamState
from shared.nats.consumer import Delivery, PullConsumer
from tests.services.rollup.receiver import receiving
from tests.services.rollup.test_webhooks_sending import add, arrived, fever, remove, row
from tests.support.core.pair import append
from tests.support.harness import Node, eventually

pytestmark = pytest.mark.requirement("P2")

# A number and a birth that no message and no stream has.
NOWHERE = (-1, "")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Targets are looked for at once."""
    monkeypatch.setattr(sending, "LOOK_SECONDS", 0.05)


def made(node: Node) -> str:
    """When the stream of alerts was made."""
    state: StreamState | None = node.run(node.runtime("alerts").bus.stream("ALERTS"))
    return state.created if state else ""


def test_hole_is_mended_when_only_a_target_meets_it(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    hole, before = NOWHERE

    class Holed(PullConsumer):
        """Does not give one message of the stream as it was first made."""

        async def first(self, seconds: float) -> Delivery:
            came = await super().first(seconds)
            if came.number != hole or self._stream != "ALERTS":
                return came
            state = await self._bus.stream(self._stream)
            unmended = state is not None and state.created == before
            return await self.first(seconds) if unmended else came

    monkeypatch.setattr("shared.inbox.verified_stream.PullConsumer", Holed)
    with receiving() as receiver, capture_logs() as logs:
        target, _ = add(node, receiver)
        hole, before = node.runtime("alerts").writer.head + 1, made(node)
        sent = [fever(node), fever(node)]
        arrived(receiver, sent)
        eventually(lambda: row(node, target).error is None)
        remove(node, target)
    assert made(node) != before
    failures = [entry["why"] for entry in logs if entry["event"] == "webhook.failed"]
    assert f"alerts: {hole + 1} came after {hole - 1}" in failures


def test_target_goes_on_when_the_source_itself_holds_what_is_no_event(node: Node) -> None:
    alerts = node.runtime("alerts")
    with receiving() as receiver:
        target, _ = add(node, receiver)
        append(alerts.database, b"no event at all", service="alerts")
        alerts.relay.wake()
        sent = [fever(node)]
        arrived(receiver, sent)
        eventually(lambda: row(node, target).error is None)
        remove(node, target)
