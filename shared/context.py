"""What a running service gives to its routes, its background work and its gauges."""

from dataclasses import dataclass

from shared.database.engine import Database
from shared.live import Broadcaster
from shared.nats.connection import Bus
from shared.site import Site
from shared.writer.writer import Writer


@dataclass(frozen=True, slots=True)
class ServiceContext:
    """One service in this process, as its routes, background loops and gauges see it."""

    site: Site
    database: Database
    writer: Writer
    bus: Bus
    live: Broadcaster
