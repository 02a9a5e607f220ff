"""Signing what is sent, as Standard Webhooks says: id, time and body under a target's secret.

The secret is derived from the site's key and the target's id: it is stored nowhere.
"""

import base64
import hashlib
import hmac

SECRET_PREFIX = "whsec_"  # noqa: S105 - what every such secret begins with


def secret_of(site_secret: bytes, target: str) -> bytes:
    """The secret of a target, 32 bytes."""
    return hashlib.blake2b(
        target.encode(), key=site_secret, digest_size=32, person=b"webhooks"
    ).digest()


def shown(secret: bytes) -> str:
    """A secret as the receiver's library takes it."""
    return SECRET_PREFIX + base64.b64encode(secret).decode()


def headers(secret: bytes, event_id: str, at: int, body: bytes) -> dict[str, str]:
    """The three headers of a message; `at` in seconds since 1970."""
    signed = hmac.digest(secret, f"{event_id}.{at}.".encode() + body, "sha256")
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
    }
