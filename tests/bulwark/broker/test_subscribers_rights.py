"""What a subscriber may read, and what it can neither read nor write by any way we know."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nats
import nats.errors
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import APIError

from bulwark.broker import reload as broker_reload
from bulwark.broker import subscribers
from shared.nats.patches import close_transport
from tests.support.harness import PATIENCE, Node, new_id

pytestmark = pytest.mark.requirement("P2")

MINE, OTHERS = "220581001001", "220581002001"
TYPES = {"alerts": ["fever_detected"]}
FEVERS = "events.alerts.fever_detected.22.05.81.001.>"
STREAMS = ("INTAKE", "ALERTS", "VOLUNTEERS", "ROLLUP")
NAME = "TQGqE0sDXxClCEN7hsNppb"


@dataclass
class Site:
    """A node with a subscriber of one township, and fevers there and in another."""

    node: Node
    url: str
    mine: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    def fever(self, area: str) -> str:
        """A fever; returns the id of its screening."""
        id_ = new_id()
        body = {"id": id_, "area": area, "place_kind": "checkpoint", "temperature_c": 38.6}
        assert self.node.client("recorder").post("/intake/screenings", body).status_code == 201
        (self.mine if area == MINE else self.others).append(id_)
        return id_

    def add(self, name: str, area: str, types: dict[str, list[str]]) -> str:
        """Another subscriber; returns its URL."""
        file = self.node.folder.subscribers
        password = subscribers.add(file, name, area, types, "2021-01-18T08:00:00+08:00")
        assert asyncio.run(broker_reload.reload_and_check(self.where, name, password)) == 1
        return subscribers.with_credentials(self.node.broker.address, name, password)

    @property
    def where(self) -> subscribers.Where:
        """Where the accounts are."""
        here = self.node.broker.address
        file = self.node.folder.subscribers
        return subscribers.Where(file, here, here, pid=self.node.broker.pid)

    def numbers(self) -> dict[str, int]:
        """Where each stream ends, as the services' own connection sees it."""
        ends = {}
        for stream in STREAMS:
            bus = self.node.runtime("rollup").bus
            state = self.node.run(bus.stream(stream))
            assert state is not None
            ends[stream] = state.last
        return ends


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder: Path = tmp_path_factory.mktemp("subscribed")
    node = Node(folder)
    node.start()
    try:
        site = Site(node, "")
        site.url = site.add("hospital", MINE[:9], TYPES)
        for _ in range(3):
            site.fever(MINE)
            site.fever(OTHERS)
        node.settle()
        yield site
    finally:
        node.stop()


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[tuple[Client, list[str]]]:
    """A client, and the errors that the server told it."""
    errors: list[str] = []

    async def tell(error: Exception) -> None:
        errors.append(str(error).lower())

    client = await nats.connect(url, error_cb=tell, allow_reconnect=False, connect_timeout=PATIENCE)
    try:
        yield client, errors
    finally:
        await client.close()


async def all_of(feed: JetStreamContext.PullSubscription, count: int) -> list[Msg]:
    """So many messages, which must be all that there are."""
    found = await feed.fetch(count, timeout=PATIENCE)
    assert (await feed.consumer_info()).num_pending == 0
    return found


def screenings(messages: list[Msg]) -> list[str]:
    return [json.loads(message.data)["data"]["screening_id"] for message in messages]


def as_subscriber(site: Site, work: Callable[[Client], Awaitable[list[Msg]]]) -> list[str]:
    """The screenings in what a piece of work reads as the subscriber."""

    async def run() -> list[Msg]:
        async with connected(site.url) as (client, _):
            return await work(client)

    return screenings(asyncio.run(run()))


def test_pull_consumer_reads_its_own_area_when_it_filters(site: Site) -> None:
    async def work(client: Client) -> list[Msg]:
        config = ConsumerConfig(ack_policy=AckPolicy.NONE)
        feed = await client.jetstream(timeout=PATIENCE).pull_subscribe(
            FEVERS, stream="ALERTS", config=config
        )
        return await all_of(feed, len(site.mine))

    assert as_subscriber(site, work) == site.mine


def test_pull_consumer_may_acknowledge_when_it_wishes(site: Site) -> None:
    async def work(client: Client) -> list[Msg]:
        feed = await client.jetstream(timeout=PATIENCE).pull_subscribe(FEVERS, stream="ALERTS")
        found = await all_of(feed, len(site.mine))
        for message in found:
            await message.ack_sync()
        assert (await feed.consumer_info()).num_ack_pending == 0
        return found

    assert as_subscriber(site, work) == site.mine


def test_ordered_consumer_reads_its_own_area_when_messages_are_pushed(site: Site) -> None:
    async def work(client: Client) -> list[Msg]:
        feed = await client.jetstream(timeout=PATIENCE).subscribe(FEVERS, ordered_consumer=True)
        return [await feed.next_msg(PATIENCE) for _ in site.mine]

    assert as_subscriber(site, work) == site.mine


def test_consumer_reads_all_it_may_when_it_names_no_filter(site: Site) -> None:
    async def work(client: Client) -> list[Msg]:
        context = client.jetstream(timeout=PATIENCE)
        config = ConsumerConfig(name=NAME, ack_policy=AckPolicy.NONE)
        await context.add_consumer("ALERTS", config)
        feed = await context.pull_subscribe_bind(durable=NAME, stream="ALERTS")
        found = await all_of(feed, len(site.mine))
        await context.delete_consumer("ALERTS", NAME)
        return found

    assert as_subscriber(site, work) == site.mine


def test_consumer_begins_where_it_is_told_when_a_sequence_is_named(site: Site) -> None:
    async def work(client: Client) -> list[Msg]:
        context = client.jetstream(timeout=PATIENCE)
        last = (await context.stream_info("ALERTS")).state.last_seq
        config = ConsumerConfig(
            ack_policy=AckPolicy.NONE,
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=last + 1,
        )
        feed = await context.pull_subscribe(FEVERS, stream="ALERTS", config=config)
        await asyncio.to_thread(site.fever, MINE)
        return await all_of(feed, 1)

    found = as_subscriber(site, work)
    assert found == site.mine[-1:]


def test_live_subscription_hears_its_own_area_alone_when_events_happen(site: Site) -> None:
    async def work(client: Client) -> list[Msg]:
        feed = await client.subscribe(FEVERS)
        await client.flush()
        await asyncio.to_thread(site.fever, OTHERS)
        await asyncio.to_thread(site.fever, MINE)
        return [await feed.next_msg(PATIENCE)]

    assert as_subscriber(site, work) == site.mine[-1:]


@pytest.mark.parametrize(
    "subject",
    [
        ">",
        "events.>",
        "events.alerts.>",
        "events.alerts.fever_detected.22.05.81.>",
        "events.alerts.fever_detected.22.05.81.002.>",
        "events.alerts.fever_detected.*.*.*.*.*.*",
        "events.intake.screening_recorded.22.05.81.001.>",
        "delivery.>",
        "delivery.other._INBOX.>",
        "subscription.>",
        "$JS.>",
        "$JS.EVENT.ADVISORY.>",
        "$SYS.>",
        "head.intake",
        "repair.intake",
        "_R_.>",
    ],
)
def test_live_subscription_is_denied_when_it_reaches_beyond_the_rights(
    site: Site, subject: str
) -> None:
    async def run() -> list[str]:
        async with connected(site.url) as (client, errors):
            feed = await client.subscribe(subject)
            await client.flush()
            await asyncio.to_thread(site.fever, OTHERS)
            await asyncio.to_thread(site.node.settle)
            with pytest.raises(nats.errors.Error):
                await feed.next_msg(0.05)
            return errors

    assert any("permissions violation for subscription" in one for one in asyncio.run(run()))


def consumer(**config: Any) -> dict[str, Any]:
    return {"stream_name": "ALERTS", "config": {"ack_policy": "none", "name": NAME, **config}}


ATTEMPTS: list[tuple[str, Any]] = [
    ("STREAM.MSG.GET.ALERTS", {"seq": 2}),
    ("STREAM.MSG.GET.ALERTS", {"last_by_subj": "events.alerts.>"}),
    ("STREAM.MSG.GET.INTAKE", {"seq": 1}),
    ("DIRECT.GET.ALERTS", {"seq": 2}),
    ("DIRECT.GET.ALERTS", {"batch": 100, "seq": 1}),
    ("DIRECT.GET.ALERTS.events.alerts.fever_detected.22.05.81.002.001._", None),
    ("STREAM.INFO.ALERTS", {"subjects_filter": ">"}),
    ("STREAM.INFO.INTAKE", None),
    ("STREAM.LIST", None),
    ("STREAM.NAMES", None),
    ("STREAM.SNAPSHOT.ALERTS", {"deliver_subject": "_INBOX.x"}),
    ("STREAM.CREATE.COPY", {"name": "COPY", "sources": [{"name": "ALERTS"}]}),
    ("STREAM.CREATE.COPY", {"name": "COPY", "mirror": {"name": "ALERTS"}}),
    ("STREAM.UPDATE.ALERTS", {"name": "ALERTS", "republish": {"src": ">", "dest": "_INBOX.>"}}),
    ("STREAM.DELETE.ALERTS", None),
    ("STREAM.PURGE.ALERTS", None),
    ("CONSUMER.LIST.ALERTS", None),
    ("CONSUMER.NAMES.ALERTS", None),
    ("CONSUMER.CREATE.INTAKE", {"stream_name": "INTAKE", "config": {"ack_policy": "none"}}),
    ("CONSUMER.CREATE.ALERTS", consumer(filter_subject="events.alerts.>")),
    (f"CONSUMER.CREATE.ALERTS.{NAME}", consumer(filter_subjects=["events.alerts.>"])),
    (f"CONSUMER.CREATE.ALERTS.{NAME}.{FEVERS}", consumer(filter_subject=">")),
    (f"CONSUMER.CREATE.ALERTS.{NAME}.events.alerts.>", consumer(filter_subject="events.alerts.>")),
    (f"CONSUMER.DURABLE.CREATE.ALERTS.{NAME}", consumer(durable_name=NAME)),
    (f"CONSUMER.MSG.NEXT.INTAKE.{NAME}", {"batch": 10}),
    (f"CONSUMER.PAUSE.ALERTS.{NAME}", {"pause_until": "2099-01-01T00:00:00Z"}),
    ("META.LEADER.STEPDOWN", None),
    ("ACCOUNT.PURGE.BULWARK", None),
    ("SERVER.REMOVE", {"peer": "x"}),
]


@pytest.mark.parametrize(("verb", "body"), ATTEMPTS, ids=lambda one: str(one)[:60])
def test_request_tells_nothing_of_another_area_when_it_reaches_beyond_the_rights(
    site: Site, verb: str, body: Any
) -> None:
    payload = b"" if body is None else json.dumps(body).encode()

    async def run() -> bytes:
        async with connected(site.url) as (client, _):
            try:
                answer = await client.request(f"$JS.API.{verb}", payload, timeout=0.3)
            except (nats.errors.NoRespondersError, nats.errors.TimeoutError):
                return b""
            return answer.data

    before = site.numbers()
    said = asyncio.run(run())
    for id_ in site.others:
        assert id_.encode() not in said
    assert b"22.05.81.002" not in said
    assert b"person_id" not in said
    answer = json.loads(said) if said else {"error": {}}
    if verb not in ("STREAM.INFO.ALERTS", "STREAM.NAMES"):
        assert "error" in answer, answer
    assert site.numbers() == before


def test_refusal_says_what_is_allowed_when_a_filter_reaches_too_far(site: Site) -> None:
    async def run() -> None:
        async with connected(site.url) as (client, _):
            with pytest.raises(APIError) as told:
                await client.jetstream(timeout=PATIENCE).pull_subscribe(
                    "events.alerts.>", stream="ALERTS"
                )
            assert told.value.code == 403
            assert FEVERS in str(told.value)

    asyncio.run(run())


@pytest.mark.parametrize("mine", ["events.alerts.fever_detected.22.05.81.001.001._", FEVERS[:-2]])
@pytest.mark.parametrize("service", ["alerts", "intake"])
def test_nothing_is_written_when_a_subscriber_publishes(
    site: Site, mine: str, service: str
) -> None:
    before = site.numbers()
    subject = mine.replace("alerts", service)

    async def run() -> list[str]:
        async with connected(site.url) as (client, errors):
            await client.publish(subject, b"junk")
            await client.publish(f"repair.{service}", b'{"sequence": 1, "created": null}')
            with pytest.raises(nats.errors.Error):
                await client.request(subject, b"junk", timeout=0.2)
            await client.flush()
            return errors

    errors = asyncio.run(run())
    assert sum("permissions violation for publish" in one for one in errors) >= 2
    assert site.numbers() == before


@pytest.mark.parametrize(
    "target", ["events.intake.junk", "events.alerts.junk", "repair.intake", "$JS.API.STREAM.LIST"]
)
def test_nothing_is_written_when_answers_are_directed_at_a_stream(site: Site, target: str) -> None:
    """A server answers on the reply subject without asking who may write there."""
    before = site.numbers()

    async def run() -> None:
        async with connected(site.url) as (client, _):
            body = json.dumps(consumer()).encode()
            await client.request(f"$JS.API.CONSUMER.CREATE.ALERTS.{NAME}", body, timeout=PATIENCE)
            for verb in ("STREAM.INFO.ALERTS", "INFO", f"CONSUMER.INFO.ALERTS.{NAME}"):
                await client.publish(f"$JS.API.{verb}", b"", reply=target)
            wish = b'{"batch": 10, "expires": 200000000}'
            next_ = f"$JS.API.CONSUMER.MSG.NEXT.ALERTS.{NAME}"
            await client.publish(next_, wish, reply=target)
            pushed = json.dumps(consumer(name="B" + NAME, deliver_subject=target)).encode()
            create = f"$JS.API.CONSUMER.CREATE.ALERTS.B{NAME}"
            refused = json.loads((await client.request(create, pushed, timeout=PATIENCE)).data)
            assert refused["error"]["code"] == 403
            await client.request(f"$JS.API.CONSUMER.DELETE.ALERTS.{NAME}", b"", timeout=PATIENCE)

    asyncio.run(run())
    site.node.settle()
    assert site.numbers() == before


def test_another_subscribers_messages_stay_its_own_when_both_are_connected(site: Site) -> None:
    school = site.add("school", OTHERS[:9], TYPES)

    async def run() -> tuple[list[str], list[str]]:
        async with connected(school) as (theirs, _), connected(site.url) as (mine, _):
            feeds = [
                await client.jetstream(timeout=PATIENCE).pull_subscribe(
                    f"events.alerts.fever_detected.22.05.81.{township}.>", stream="ALERTS"
                )
                for client, township in ((theirs, "002"), (mine, "001"))
            ]
            found = [
                screenings(await all_of(feed, len(expected)))
                for feed, expected in zip(feeds, (site.others, site.mine), strict=True)
            ]
            return found[0], found[1]

    assert asyncio.run(run()) == (site.others, site.mine)


def test_nobody_gets_in_when_there_is_no_password(site: Site) -> None:
    for url in (
        site.node.broker.address,
        f"{site.node.broker.address}".replace("//", "//bulwark:wrong@"),
        f"{site.node.broker.address}".replace("//", "//hospital:@"),
    ):
        assert not asyncio.run(broker_reload.is_accepted(url))


def test_subscriber_is_cut_off_and_services_go_on_when_it_is_removed(site: Site) -> None:
    url = site.add("short-lived", MINE[:9], TYPES)

    async def run() -> None:
        closed = asyncio.Event()

        async def note() -> None:
            closed.set()

        async def quiet(_error: Exception) -> None:
            pass

        client = await nats.connect(
            url, allow_reconnect=False, closed_cb=note, error_cb=quiet, connect_timeout=PATIENCE
        )
        subscribers.remove(site.node.folder.subscribers, "short-lived")
        await broker_reload.reload(site.where)
        await asyncio.wait_for(closed.wait(), PATIENCE)
        await client.close()
        close_transport(client)

    asyncio.run(run())
    assert not asyncio.run(broker_reload.is_accepted(url))
    before = site.numbers()["ALERTS"]
    site.fever(MINE)
    site.node.settle()
    assert site.numbers()["ALERTS"] > before


def test_stream_is_found_when_another_of_its_services_is_down(tmp_path: Path) -> None:
    node = Node(tmp_path / "site")
    node.start()
    try:
        site = Site(node, "")
        types = {"alerts": ["fever_detected"], "intake": ["case_reported"]}
        url = site.add("both", "220581", types)
        node.run(node.runtime("alerts").stop())

        async def ask() -> str:
            client = await nats.connect(url, connect_timeout=PATIENCE)
            try:
                context = client.jetstream(timeout=PATIENCE)
                await context.account_info()
                with pytest.raises(nats.errors.Error):
                    await context.stream_info("ALERTS")
                await context.stream_info("INTAKE")
                return await context.find_stream_name_by_subject("events.intake.case_reported.>")
            finally:
                await client.close()

        assert asyncio.run(ask()) == "INTAKE"
    finally:
        node.stop()
