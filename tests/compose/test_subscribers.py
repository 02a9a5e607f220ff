"""Subscribers from outside: TLS, an account of their own, and nothing but their events."""

import asyncio
import ssl

import nats
import nats.errors
import pytest

from tests.compose.conftest import Deploy
from tests.compose.engine import run
from tests.compose.ledger import AREA
from tests.compose.stack import DEPLOY, SERVICES, Stack, free_port

SUBJECT = "events.alerts.fever_detected.>"
SECONDS = 30


@pytest.fixture(scope="module")
def stack(deploy: Deploy) -> Stack:
    """The deployment with its broker published."""
    stack = deploy("outside", "compose.yaml", "compose.subscribers.yaml")
    certificates = stack.folder / "certificates"
    certificates.mkdir()
    stack.settings |= {
        "BULWARK_NATS_TLS": "on",
        "BULWARK_NATS_CERTIFICATES": str(certificates),
        "BULWARK_NATS_PORT": str(free_port()),
    }
    made = {"BULWARK_NATS_CERTIFICATES": str(certificates)}
    run([str(DEPLOY / "make-nats-certificate"), "localhost", "127.0.0.1"], settings=made)
    stack.up()
    return stack


@pytest.fixture(scope="module")
def trusted(stack: Stack) -> ssl.SSLContext:
    """What a subscriber trusts: the authority that it was given."""
    return ssl.create_default_context(cafile=str(stack.folder / "certificates" / "ca.pem"))


def test_services_reach_their_broker_when_it_speaks_tls(stack: Stack) -> None:
    with stack.client() as client:
        for service in SERVICES:
            body = client.get(f"/{service}/readyz").json()
            assert body["services"][service]["broker"] is True


def test_nobody_is_let_in_when_no_account_is_named(stack: Stack, trusted: ssl.SSLContext) -> None:
    url = f"tls://localhost:{stack.settings['BULWARK_NATS_PORT']}"
    with pytest.raises(nats.errors.Error, match=r"(?i)authorization"):
        asyncio.run(nats.connect(url, tls=trusted, allow_reconnect=False, error_cb=_quiet))


def test_subscriber_hears_of_a_fever_when_it_connects_from_outside(
    stack: Stack, trusted: ssl.SSLContext
) -> None:
    words = ("--area", AREA, "--types", "fever_detected")
    said = stack.tools("subscriber", "add", "clinic", *words)
    (url,) = [line for line in said.splitlines() if line.startswith("tls://clinic:")]
    assert url.endswith(f"@localhost:{stack.settings['BULWARK_NATS_PORT']}")

    async def hear() -> bytes:
        client = await nats.connect(url, tls=trusted, allow_reconnect=False, error_cb=_quiet)
        try:
            heard = await client.subscribe(SUBJECT.replace(">", _below(AREA)))
            await client.flush()
            await asyncio.to_thread(_fever, stack)
            return (await heard.next_msg(SECONDS)).data
        finally:
            await client.close()

    assert b"fever_detected" in asyncio.run(hear())


def _below(area: str) -> str:
    return f"{area[:2]}.{area[2:4]}.{area[4:6]}.{area[6:9]}.{area[9:12]}.*"


def _fever(stack: Stack) -> None:
    body = {"area": AREA, "temperature_c": 38.8, "place_kind": "clinic"}
    with stack.client("recorder") as client:
        client.post("/intake/screenings", json=body).raise_for_status()


async def _quiet(_error: Exception) -> None:
    """What goes wrong is raised as well."""
