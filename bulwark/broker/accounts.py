"""The accounts of nats-server: the services' own, the system's, and one for each subscriber.

A subscriber's account sees of the services' account only what it imports: the subjects of its
events, and the JetStream requests that reveal nothing else (see
`shared/nats/subscriber_access.py`).
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import bcrypt

from shared.nats.subscriber_rights import ANY_SERVICE, INBOX, Rights

SERVICES_ACCOUNT = "BULWARK"
SYSTEM_ACCOUNT = "SYSTEM"
SERVICES_USER = "bulwark"
SYSTEM_USER = "system"
# Passwords are random and long: a costly hash would only slow down every connection.
ROUNDS = 5
_STREAM_API = "$JS.API"

# What subscribers' accounts may import; the entry of each names its own part.
EXPORTS = (
    {"stream": "events.>"},
    {"stream": "delivery.>"},
    {"service": "subscription.>"},
    {"service": f"{_STREAM_API}.CONSUMER.MSG.NEXT.*.*", "response_type": "stream"},
    {"service": f"{_STREAM_API}.CONSUMER.INFO.*.*"},
    {"service": f"{_STREAM_API}.CONSUMER.DELETE.*.*"},
    {"service": "$JS.ACK.>"},
    {"service": "$JS.FC.>"},
)


def hashed(password: str) -> str:
    """The bcrypt hash of a password, as nats-server reads it."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(ROUNDS)).decode()


def accounts_block(services_hash: str, system_hash: str, include: str | None) -> str:
    """The `accounts` of a server's configuration; subscribers' are included from a file."""
    exports = "\n".join(f"      {json.dumps(one)}" for one in EXPORTS)
    included = f"  include {json.dumps(include)}\n" if include else ""
    return f"""\
accounts {{
  {SYSTEM_ACCOUNT} {{ users: [{json.dumps({"user": SYSTEM_USER, "password": system_hash})}] }}
  {SERVICES_ACCOUNT} {{
    jetstream: enabled
    users: [{json.dumps({"user": SERVICES_USER, "password": services_hash})}]
    exports: [
{exports}
    ]
  }}
{included}}}
system_account: {SYSTEM_ACCOUNT}
"""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A subscriber: its name, its event types by service (an empty list: all), its area."""

    name: str
    area: str
    types: dict[str, list[str]]
    password_hash: str
    added_at: str

    @property
    def rights(self) -> list[Rights]:
        """What it may read, service by service."""
        return [
            Rights(service, self.name, self.area, tuple(kinds))
            for service, kinds in sorted(self.types.items())
        ]

    @property
    def account(self) -> str:
        """Its account in nats-server."""
        return f"SUBSCRIBER_{self.name}"

    def entry(self) -> str:
        """Its part of the server's configuration."""
        subjects = [subject for rights in self.rights for subject in rights.subjects()]
        allowed = {
            "publish": [f"{_STREAM_API}.>", "$JS.ACK.>", "$JS.FC.>"],
            "subscribe": [*subjects, f"{INBOX}>"],
        }
        user = {"user": self.name, "password": self.password_hash, "permissions": allowed}
        imports = "\n".join(f"    {json.dumps(one)}" for one in self._imports(subjects))
        return (
            f"{json.dumps(self.account)}: {{\n  users: [{json.dumps(user)}]\n"
            f"  imports: [\n{imports}\n  ]\n}}\n"
        )

    def _imports(self, subjects: Iterable[str]) -> list[dict[str, Any]]:
        rights = self.rights
        of_any = replace(rights[0], service=ANY_SERVICE).prefix
        delivery = _from(f"{rights[0].delivery}.{INBOX}>")
        found: list[dict[str, Any]] = [{"stream": _from(subject)} for subject in subjects]
        found.append({"stream": delivery, "to": f"{INBOX}>"})
        # Requests about no particular stream: any running service answers. Importing them also
        # keeps the server from answering that the account itself has no JetStream.
        found.append(_served(f"{of_any}.account", f"{_STREAM_API}.INFO"))
        found.append(_served(f"{of_any}.names", f"{_STREAM_API}.STREAM.NAMES"))
        for each in rights:
            found += _of_stream(each)
        return found


def _of_stream(rights: Rights) -> list[dict[str, Any]]:
    stream, prefix = rights.service.upper(), rights.prefix
    consumer = f"{_STREAM_API}.CONSUMER"
    direct = (
        f"{consumer}.MSG.NEXT.{stream}.*",
        f"{consumer}.INFO.{stream}.*",
        f"{consumer}.DELETE.{stream}.*",
        f"$JS.ACK.{stream}.>",
        f"$JS.FC.{stream}.>",
    )
    return [
        _served(f"{prefix}.stream", f"{_STREAM_API}.STREAM.INFO.{stream}"),
        _served(f"{prefix}.create", f"{consumer}.CREATE.{stream}"),
        _served(f"{prefix}.create.>", f"{consumer}.CREATE.{stream}.>"),
        _served(f"{prefix}.create.durable.*", f"{consumer}.DURABLE.CREATE.{stream}.*"),
        *({"service": _from(subject)} for subject in direct),
    ]


def _from(subject: str) -> dict[str, str]:
    return {"account": SERVICES_ACCOUNT, "subject": subject}


def _served(subject: str, asked: str) -> dict[str, Any]:
    return {"service": _from(subject), "to": asked}


def parse_types(named: Sequence[str], known: dict[str, list[str]]) -> dict[str, list[str]]:
    """The named event types by service; `all` means every one.

    `known` are the events of each service. Raises ValueError with the unknown names.
    """
    wanted = [name for part in named for one in part.split(",") if (name := one.strip())]
    if not wanted:
        raise ValueError("?")
    if wanted == ["all"]:
        return {service: [] for service in known}
    owner = {name: service for service, names in known.items() for name in names}
    owner |= {f"bulwark.{service}.{name}": service for name, service in owner.items()}
    unknown = [name for name in wanted if name not in owner]
    if unknown:
        raise ValueError(", ".join(unknown))
    found: dict[str, list[str]] = {}
    for name in dict.fromkeys(wanted):
        found.setdefault(owner[name], []).append(name.rsplit(".", 1)[-1])
    return {service: sorted(set(names)) for service, names in found.items()}
