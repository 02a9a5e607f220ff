"""What the client is told to reach the broker by."""

import pytest

from shared.bus import reached_by


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
