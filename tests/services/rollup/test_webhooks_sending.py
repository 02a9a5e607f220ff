"""Sending to another system that fails, hangs, goes away for a day, and comes back."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from services.rollup.feed.domain import is_sent
from services.rollup.webhooks import gauges, sending, signing
from services.rollup.webhooks import target as sent_to
from services.rollup.webhooks.domain import pause_after
from services.rollup.webhooks.following import Following
from services.rollup.webhooks.handlers import (
    AddTarget,
    MoveCheckpoint,
    PauseTarget,
    RemoveTarget,
    SkipEvent,
    places,
    targets,
)
from services.rollup.webhooks.tables import WebhookPlace, WebhookTarget
from services.rollup.webhooks.target_settings import TargetSettings
from shared.events import schema as contract
from shared.events.envelope import decode
from shared.events.volunteers.requests import AssistanceRequested
from shared.exceptions import Conflict
from shared.security import audit
from shared.writer import log as event_log
from shared.writer.writer import Work
from tests.services.rollup.receiver import Receiver, certificate, receiving
from tests.support.harness import PATIENCE, Node, eventually, new_id

pytestmark = pytest.mark.requirement("P2")

FEVERS = ["bulwark.alerts.fever_detected"]
MINE, OTHERS = "220581001001", "220581002001"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same pauses, a hundred times as fast."""
    real: Callable[[int], timedelta] = pause_after
    monkeypatch.setattr(sent_to, "pause_after", lambda attempts: min(real(attempts), LIMIT) / 20)
    monkeypatch.setattr(sending, "LOOK_SECONDS", 0.05)


LIMIT = timedelta(seconds=4)


def add(node: Node, receiver: Receiver, **options: Any) -> tuple[str, str]:
    """A target for fevers in one township; returns its id and its secret."""
    node.settle()
    asked = {"area": MINE[:9], "types": FEVERS, "private": True, **options}
    rollup = node.runtime("rollup")
    target = str(node.run(rollup.writer.submit(AddTarget(receiver.url, **asked))))
    secret = signing.shown(signing.secret_of(rollup.site.secret, target))
    return target, secret


def change(node: Node, work: Work) -> Any:
    return node.run(node.runtime("rollup").writer.submit(work))


def remove(node: Node, target: str) -> None:
    change(node, RemoveTarget(target))


def fever(node: Node, area: str = MINE) -> str:
    body = {"id": new_id(), "area": area, "place_kind": "checkpoint", "temperature_c": 38.6}
    assert node.client("recorder").post("/intake/screenings", body).status_code == 201
    return str(body["id"])


def row(node: Node, target: str) -> WebhookTarget:
    with node.runtime("rollup").database.reading() as session:
        return next(one for one in targets(session) if one.id == target)


def place(node: Node, target: str) -> int:
    with node.runtime("rollup").database.reading() as session:
        return places(session, target)["alerts"]


def told(node: Node) -> dict[tuple[str, str], float]:
    """What is told of the targets, by metric and target."""
    found = node.run(gauges.collect(node.runtime("rollup").context))
    return {(one.gauge.name, one.labels[0]): one.value for one in found}


def stands_at(node: Node, source: str, sequence: int) -> str:
    """A target that stands at a number of a source's stream."""
    target = new_id()
    url = "http://127.0.0.1:9/"
    values = {"id": target, "url": url, "area": MINE, "types": FEVERS, "private": True}
    with node.runtime("rollup").database.writing() as session:
        session.add(WebhookTarget(**values, added_at=node.now()))
        session.add(WebhookPlace(target=target, source=source, sequence=sequence))
        session.commit()
    return target


def arrived(receiver: Receiver, screenings: list[str]) -> None:
    eventually(lambda: len(receiver.taken) >= len(screenings))
    assert receiver.screenings == screenings


def test_events_are_sent_signed_and_whole_when_they_happen(node: Node) -> None:
    fever(node)
    began = int(time.time())
    with receiving() as receiver:
        target, secret = add(node, receiver)
        sent = [fever(node) for _ in range(3) if fever(node, OTHERS)]
        arrived(receiver, sent)
        for message in receiver.taken:
            assert message.headers["content-type"] == "application/cloudevents+json"
            assert message.headers["webhook-id"] == message.event["id"]
            assert began <= int(message.headers["webhook-timestamp"]) <= time.time()
            assert message.headers["host"] == f"127.0.0.1:{receiver.port}"
            assert message.verified_by(secret)
            assert not message.verified_by(signing.shown(b"x" * 32))
            recorded = decode(message.event)
            assert recorded is not None
            assert contract.schema_of(type(recorded.data))["$id"] == message.event["dataschema"]
        streamed = [one.event["sequence"] for one in receiver.taken]
        assert streamed == sorted(streamed)
        remove(node, target)


def test_nothing_is_lost_or_out_of_order_when_the_target_fails_hangs_and_goes_away(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving() as receiver:
        target, _ = add(node, receiver)
        sent = [fever(node)]
        arrived(receiver, sent)
        receiver.status = 500
        sent += [fever(node), fever(node)]
        eventually(lambda: row(node, target).attempts >= 2)
        failing = row(node, target)
        assert (failing.error, failing.gone) == ("HTTP 500", None)
        assert failing.failing_since is not None
        assert told(node)["bulwark_webhook_failing_seconds", target] > 0
        assert told(node)["bulwark_webhook_lag_events", target] > 0
        receiver.status = 204
        arrived(receiver, sent)
        eventually(lambda: row(node, target).attempts == 0)
        assert row(node, target).failing_since is None
        # From here on a busy machine may send an event again.
        monkeypatch.setattr(sent_to, "ANSWER_SECONDS", 0.5)
        receiver.free.clear()
        sent += [fever(node)]
        eventually(lambda: "no answer" in (row(node, target).error or ""))
        receiver.stop()
        sent += [fever(node), fever(node)]
        eventually(lambda: "Connect" in (row(node, target).error or ""))
        receiver.status = 307
        receiver.start()
        eventually(lambda: row(node, target).error == "HTTP 307")
        receiver.status = 200
        eventually(lambda: set(receiver.screenings) == set(sent))
        # Who hung may have taken it all the same: it comes again, under the same id.
        assert list(dict.fromkeys(receiver.screenings)) == sent
        assert receiver.most_at_once <= 4
        remove(node, target)


def test_sending_goes_on_from_its_place_when_the_services_were_stopped(node: Node) -> None:
    with receiving() as receiver:
        target, _ = add(node, receiver)
        sent = [fever(node)]
        arrived(receiver, sent)
        eventually(lambda: place(node, target) == node.runtime("alerts").writer.head)
        receiver.stop()
        sent += [fever(node), fever(node)]
        node.settle()
        node.stop_services()
        receiver.start()
        node.start_services()
        sent += [fever(node)]
        arrived(receiver, sent)
        remove(node, target)


def test_sending_goes_on_when_junk_was_in_the_stream_and_it_was_made_again(node: Node) -> None:
    with receiving() as receiver:
        target, _ = add(node, receiver)
        sent = [fever(node)]
        arrived(receiver, sent)
        bus = node.runtime("alerts").bus
        for junk in (b"no event", b'{"source": "/test/alerts", "sequence": "1"}'):
            node.run(bus.client.publish("events.alerts.junk", junk))
            sent += [fever(node)]
            arrived(receiver, sent)
        assert node.runtime("rollup").failure is None
        remove(node, target)


def test_no_target_waits_when_another_is_away(node: Node) -> None:
    with receiving() as away, receiving() as here:
        away.stop()
        first, _ = add(node, away)
        second, _ = add(node, here)
        sent = [fever(node) for _ in range(5)]
        arrived(here, sent)
        assert row(node, first).attempts > 0
        remove(node, first)
        remove(node, second)


def test_nothing_more_is_sent_when_the_target_says_that_it_is_gone(node: Node) -> None:
    with receiving() as receiver:
        target, _ = add(node, receiver)
        receiver.status = 410
        fever(node)
        eventually(lambda: row(node, target).gone is not None)
        receiver.status = 204
        tries = len(receiver.tries)
        fever(node)
        node.settle()
        assert len(receiver.tries) == tries
        assert not receiver.taken
        remove(node, target)


def test_everything_there_is_is_sent_when_the_beginning_is_asked_for(node: Node) -> None:
    fever(node)
    with receiving() as receiver:
        target, _ = add(node, receiver, from_start=True)
        node.settle()
        found = [one.data for one in node.logged("alerts") if one.data.type == FEVERS[0]]
        arrived(receiver, [one.screening_id for one in found if one.area.startswith(MINE[:9])])
        remove(node, target)


def test_everything_there_is_is_sent_when_the_stream_begins_late(node: Node) -> None:
    alerts = node.runtime("alerts")
    fever(node)
    node.settle()
    rows = event_log.events
    with alerts.database.write_engine.begin() as connection:
        # All there is has grown too old for the stream, which begins after it.
        connection.execute(rows.update().values(stored_ms=0))
    head = alerts.writer.head
    node.run(alerts.bus.client.jetstream(timeout=PATIENCE).delete_stream("ALERTS"))

    def begins() -> bool:
        state = node.run(alerts.bus.stream("ALERTS"))
        return state is not None and state.first == head + 1

    eventually(begins)
    behind = stands_at(node, "alerts", 0)
    eventually(lambda: "refill alerts --from 1" in (row(node, behind).error or ""))
    assert told(node)["bulwark_webhook_behind", behind] == 1
    remove(node, behind)
    sent = [fever(node), fever(node)]
    node.settle()
    with receiving() as receiver:
        target, _ = add(node, receiver, from_start=True)
        arrived(receiver, sent)
        eventually(lambda: place(node, target) == alerts.writer.head)
        assert row(node, target).error is None
        assert told(node)["bulwark_webhook_behind", target] == 0
        assert told(node)["bulwark_webhook_lag_events", target] == 0
        remove(node, target)


def test_sending_goes_on_when_the_answer_to_a_commit_was_lost(node: Node) -> None:
    with receiving() as receiver:
        target, _ = add(node, receiver, types=[*FEVERS, "bulwark.intake.case_reported"])
        receiver.free.clear()
        sent = [fever(node)]
        eventually(lambda: receiver.tries)
        node.settle()
        head = node.runtime("alerts").writer.head
        # The place is moved in the database, and whoever sends does not know.
        moved = MoveCheckpoint(target, "alerts", place(node, target), head, sent=True)
        assert node.run(node.runtime("rollup").writer.submit(moved))
        receiver.free.set()
        eventually(lambda: receiver.taken)
        sent += [fever(node)]
        eventually(lambda: set(receiver.screenings) == set(sent))
        assert list(dict.fromkeys(receiver.screenings)) == sent
        remove(node, target)


def test_rollup_goes_on_when_a_target_meets_an_error_that_nobody_expected(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = "services.rollup.webhooks.following.is_sent"

    def broken(*values: Any, **named: Any) -> bool:
        raise LookupError("unforeseen")

    with receiving() as receiver:
        target, _ = add(node, receiver)
        monkeypatch.setattr(used, broken)
        sent = [fever(node)]
        eventually(lambda: "unforeseen" in (row(node, target).error or ""))
        monkeypatch.setattr(used, is_sent)
        arrived(receiver, sent)
        eventually(lambda: row(node, target).error is None)
        assert node.runtime("rollup").failure is None
        remove(node, target)


def test_next_try_is_not_made_when_the_event_was_skipped_meanwhile(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving() as receiver:
        target, _ = add(node, receiver)
        refused = fever(node)
        receiver.refused.append(refused)
        eventually(lambda: row(node, target).attempts >= 2)
        # Nobody looks at the targets again: what is under way must heed it by itself.
        monkeypatch.setattr(sending, "_match", _nothing)
        change(node, SkipEvent(target))
        sent = [fever(node)]
        arrived(receiver, sent)
        monkeypatch.undo()
        remove(node, target)


async def _nothing(*_parts: object) -> None:
    return None


def test_nothing_is_sent_or_lost_when_the_target_is_paused(node: Node) -> None:
    with receiving() as receiver:
        target, _ = add(node, receiver)
        sent = [fever(node)]
        arrived(receiver, sent)
        change(node, PauseTarget(target))
        with receiving() as other:
            second, _ = add(node, other)
            sent += [fever(node)]
            # Whoever begins with this one has ended with the paused one before.
            arrived(other, sent[1:])
            before = len(receiver.tries)
            sent += [fever(node)]
            arrived(other, sent[1:])
            remove(node, second)
        assert len(receiver.tries) == before
        assert ("bulwark_webhook_behind", target) not in told(node)
        change(node, PauseTarget(target, paused=False))
        # What was on its way when the pause began may come again.
        eventually(lambda: list(dict.fromkeys(receiver.screenings)) == sent)
        remove(node, target)


def test_sending_ends_when_what_follows_a_source_does_not_hear_it_at_once(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[Following] = []
    deaf: list[Following] = []

    async def follow(following: Following) -> None:
        begun.append(following)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            # As the client's flush does.
            deaf.append(following)
        await asyncio.Event().wait()

    async def end(settings: TargetSettings) -> None:
        serving = asyncio.ensure_future(sending._serve(node.runtime("rollup").context, settings))
        async with asyncio.timeout(PATIENCE):
            while not begun:
                await asyncio.sleep(0.01)
            serving.cancel()
            await asyncio.wait([serving])
        assert serving.cancelled()

    # The node itself serves nobody meanwhile.
    monkeypatch.setattr(sending, "settings_of_targets", lambda _runtime: [])
    with receiving() as receiver:
        target, _ = add(node, receiver)
        monkeypatch.setattr(Following, "run", follow)
        node.run(end(TargetSettings(target, receiver.url, MINE, tuple(FEVERS), True, 0, None)))
        assert deaf
        remove(node, target)


def test_target_goes_on_when_the_event_that_it_never_takes_is_skipped(node: Node) -> None:
    with receiving() as receiver:
        target, _ = add(node, receiver, types=[*FEVERS, "bulwark.intake.case_reported"])
        with pytest.raises(Conflict):
            change(node, SkipEvent(target))
        receiver.refused.append(fever(node))
        sent = [fever(node)]
        eventually(lambda: row(node, target).attempts >= 2)
        refused = row(node, target)
        assert refused.failing_source == "alerts"
        answer = change(node, SkipEvent(target, reason="user root"))
        assert answer == f"alerts#{refused.failing_sequence}"
        arrived(receiver, sent)
        eventually(lambda: row(node, target).attempts == 0)
        with pytest.raises(Conflict):
            change(node, SkipEvent(target))
        remove(node, target)


def test_every_change_of_a_target_is_noted_when_it_is_made(node: Node) -> None:
    with receiving() as receiver:
        target, _ = add(node, receiver, reason="user root")
        receiver.refused.append(fever(node))
        eventually(lambda: row(node, target).attempts)
        number = row(node, target).failing_sequence
        for work in (SkipEvent, PauseTarget):
            change(node, work(target, reason="user root"))
        change(node, PauseTarget(target, paused=False, reason="user root"))
        change(node, RemoveTarget(target, reason="user root"))
    with node.runtime("rollup").database.reading() as session:
        query = select(audit.entries).where(audit.entries.c.subject == target)
        noted = session.execute(query.order_by(audit.entries.c.sequence)).all()
    assert [(one.action, one.reason) for one in noted] == [
        ("webhook.add", "user root"),
        ("webhook.skip", f"alerts#{number} user root"),
        ("webhook.pause", "user root"),
        ("webhook.resume", "user root"),
        ("webhook.remove", "user root"),
    ]


def test_psychological_support_is_told_to_nobody_outside_when_it_is_asked_for(node: Node) -> None:
    with receiving() as receiver:
        target, _ = add(node, receiver, types=[AssistanceRequested.type])
        lead = node.client("lead")
        for kind in ("psychological", "medicine"):
            body = {"id": new_id(), "area": MINE, "kind": kind, "text": "x"}
            assert lead.post("/volunteers/requests", body).status_code == 201
        eventually(lambda: receiver.taken)
        assert [one.event["data"]["kind"] for one in receiver.taken] == ["medicine"]
        remove(node, target)


def test_sending_ends_when_the_target_is_removed(node: Node) -> None:
    with receiving() as gone, receiving() as kept:
        gone.status = 503
        target, _ = add(node, gone)
        fever(node)
        eventually(lambda: gone.tries)
        remove(node, target)
        second, _ = add(node, kept)
        sent = [fever(node)]
        # Whoever begins with the second has ended with the first before.
        arrived(kept, sent)
        gone.status = 204
        arrived(kept, [*sent, fever(node)])
        remove(node, second)
        assert not gone.taken


def test_certificate_is_checked_under_the_targets_name_when_it_speaks_tls(
    node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = certificate(tmp_path / "right.pem", "localhost")
    other = certificate(tmp_path / "other.pem", "elsewhere.example")
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(right.read_bytes() + other.read_bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    named: dict[str, Any] = {"name": "localhost"}
    with (
        receiving(certificate=right, **named) as good,
        receiving(certificate=other, **named) as bad,
    ):
        first, secret = add(node, good)
        second, _ = add(node, bad)
        sent = [fever(node)]
        arrived(good, sent)
        assert good.taken[0].verified_by(secret)
        assert good.taken[0].headers["host"] == f"localhost:{good.port}"
        eventually(lambda: "certificate" in (row(node, second).error or "").lower())
        assert not bad.tries
        remove(node, first)
        remove(node, second)
