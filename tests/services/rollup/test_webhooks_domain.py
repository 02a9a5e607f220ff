"""Where events may be sent, how they are signed, when a failed sending is tried again."""

import asyncio
import base64
from datetime import timedelta

import pytest

from services.rollup.webhooks.addresses import Endpoint, NotAllowed, endpoint, is_public, looked_up
from services.rollup.webhooks.domain import kinds_of, pause_after, sources_of
from services.rollup.webhooks.signing import headers, secret_of, shown
from shared.events.registry import all_events
from shared.exceptions import Invalid


def test_pauses_double_up_to_five_minutes_when_failures_follow_each_other() -> None:
    assert [pause_after(n).total_seconds() for n in (1, 2, 3, 9)] == [1, 2, 4, 256]
    assert {pause_after(n) for n in (10, 50, 10_000)} == {timedelta(minutes=5)}


def test_sources_are_those_of_the_types_when_a_target_is_read() -> None:
    types = ["bulwark.alerts.fever_detected", "bulwark.intake.case_reported", "bulwark.x.unknown"]
    assert sources_of(types) == ["alerts", "intake"]
    assert {kind.type for kind in kinds_of(types)} == set(types[:2])


def test_every_kind_of_a_service_is_sent_when_all_are_asked_for() -> None:
    types = ["bulwark.alerts.*", "bulwark.intake.case_reported", "bulwark.x.*"]
    assert sources_of(types) == ["alerts", "intake"]
    alerts = {kind for kind in all_events().values() if kind.service == "alerts"}
    assert kinds_of(types) == alerts | {all_events()["bulwark.intake.case_reported"]}


def test_signature_is_that_of_standard_webhooks_when_its_published_example_is_signed() -> None:
    """The example of the specification's reference libraries."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = headers(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_secrets_differ_when_the_target_or_the_site_does() -> None:
    site, other = b"s" * 32, b"t" * 32
    found = {secret_of(site, "a"), secret_of(site, "b"), secret_of(other, "a")}
    assert len(found) == 3
    assert shown(secret_of(site, "a")).startswith("whsec_")
    assert len(base64.b64decode(shown(secret_of(site, "a"))[6:])) == 32


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
        *("0.0.0.0", "100.64.0.1", "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1"),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"),
        *("fec0::1", "::127.0.0.1", "64:ff9b:1::7f00:1", "192.88.99.1", "2002:c058:6301::"),
    ],
)
def test_address_is_not_public_when_it_leads_inside(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "114.114.114.114", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"],
)
def test_address_is_public_when_it_is_anybodys(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://example.org/hook", "webhook_needs_https"),
        ("https://127.0.0.1/hook", "webhook_private_address"),
        ("https://[::1]/hook", "webhook_private_address"),
        ("https://localhost/hook", "webhook_private_address"),
        ("https://169.254.169.254/latest", "webhook_private_address"),
        ("ftp://example.org/", "webhook_url"),
        ("file:///etc/passwd", "webhook_url"),
        ("https://user:secret@example.org/", "webhook_url"),
        ("https://example.org/#part", "webhook_url"),
        ("https:///nowhere", "webhook_url"),
        ("https://example.org:99999/", "webhook_url"),
        ("https://[::1/", "webhook_url"),
        ("https://example.org/" + "x" * 2000, "webhook_url"),
        ("nonsense", "webhook_url"),
    ],
)
def test_target_is_refused_when_it_may_lead_inside(url: str, message: str) -> None:
    with pytest.raises(Invalid) as refused:
        endpoint(url, private=False)
    assert (refused.value.message, refused.value.field) == (message, "url")
    assert "secret" not in refused.value.text("en")


def test_target_is_let_in_when_it_is_said_to_be_private() -> None:
    assert endpoint("http://127.0.0.1:9000/x", private=True).port == 9000
    assert endpoint("https://example.org/x", private=False).port == 443


@pytest.mark.parametrize(
    ("private", "plain", "address", "said"),
    [
        (False, False, "127.0.0.1", "not public"),
        (False, False, "::1", "not public"),
        (True, True, "1.1.1.1", "https is needed"),
        (True, False, "127.0.0.1", None),
        (True, True, "127.0.0.1", None),
        (True, False, "1.1.1.1", None),
        (False, False, "1.1.1.1", None),
    ],
)
def test_address_is_judged_again_when_the_name_was_looked_up(
    private: bool, plain: bool, address: str, said: str | None
) -> None:
    # What a name leads to may change after it was added: here it leads to this address at once.
    target = Endpoint("https://public.example/", address, 443, private, plain)
    if said is None:
        assert asyncio.run(looked_up(target)) == [address]
    else:
        with pytest.raises(NotAllowed, match=said):
            asyncio.run(looked_up(target))


def test_plain_http_stays_inside_when_the_target_is_private() -> None:
    with pytest.raises(Invalid) as refused:
        endpoint("http://1.1.1.1/hook", private=True)
    assert refused.value.message == "webhook_needs_https"
