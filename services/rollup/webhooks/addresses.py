"""Where events may be sent: never into our own network by way of somebody's URL (SSRF).

A target is `https` on a public address. One in this machine's or the site's own network must have
been let in as private when it was added, and only there plain `http` is spoken. The address is
looked up and judged at every connection, and the connection goes to that address.
"""

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from shared.exceptions import Invalid
from shared.i18n.catalogue import Catalogue

TEXTS = Catalogue.beside(__file__)

MOST_CHARACTERS = 2000
# Relays of 6to4 (RFC 7526), which no list of Python's knows.
RELAYS = ipaddress.ip_network("192.88.99.0/24")


class NotAllowed(Exception):
    """The address lies where this target may not be."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A target's URL, its host and port, whether it may be in our own network, and whether what
    it is sent can be read on the way."""

    url: str
    host: str
    port: int
    private: bool
    plain: bool


def endpoint(url: str, *, private: bool) -> Endpoint:
    """The parts of a URL that may be a target; raises Invalid naming the fault."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Invalid(TEXTS, "webhook_url", field="url", url=url) from error
    if parts.scheme not in ("https", "http") or not parts.hostname or len(url) > MOST_CHARACTERS:
        raise Invalid(TEXTS, "webhook_url", field="url", url=url)
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise Invalid(TEXTS, "webhook_url", field="url", url=parts.hostname)
    if parts.scheme == "http" and not private:
        raise Invalid(TEXTS, "webhook_needs_https", field="url")
    if not private and _is_private_literal(parts.hostname):
        raise Invalid(TEXTS, "webhook_private_address", field="url", address=parts.hostname)
    plain = parts.scheme == "http"
    if plain and _is_public_literal(parts.hostname):
        raise Invalid(TEXTS, "webhook_needs_https", field="url")
    return Endpoint(url, parts.hostname, port or (80 if plain else 443), private, plain)


def is_public(address: str) -> bool:
    """Whether an address is on the public network; one inside another's form counts as that."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo and found.teredo[1])
        if inner:
            return is_public(str(inner))
        # NAT64 leads to any address of the older kind.
        if found in ipaddress.ip_network("64:ff9b::/96"):
            return is_public(str(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)))
        if found.is_site_local:
            return False
    # What stands reserved may lead inside: forms that hold an older address, relays nobody runs.
    return found.is_global and not (found.is_multicast or found.is_reserved or found in RELAYS)


def _is_public_literal(host: str) -> bool:
    try:
        return is_public(host)
    except ValueError:
        return False


def _is_private_literal(host: str) -> bool:
    try:
        return not is_public(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


async def looked_up(target: Endpoint) -> list[str]:
    """The host's addresses, to connect to; raises NotAllowed, or OSError when there is none."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    # One address that is not right spoils the name: what it answers next time is not known.
    for address in addresses:
        public = is_public(address)
        if not public and not target.private:
            raise NotAllowed(f"{target.host} is {address}, which is not public")
        if public and target.plain:
            raise NotAllowed(f"{target.host} is {address}, which is public: https is needed")
    return addresses
