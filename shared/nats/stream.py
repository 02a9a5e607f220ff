"""How a service's stream is created, rebuilt, and updated to our settings.

File storage, kept by age alone: a limit of size would look like damage, so disk room is watched.
"""

from dataclasses import dataclass
from typing import Any

from shared.logs import get_logger
from shared.metrics import names as metrics
from shared.nats.connection import STREAM_NOT_FOUND, Bus, StreamRefused, StreamState

DEFAULT_MAX_AGE_SECONDS = 30 * 86400
# No window of message ids is wanted; the server's least is a tenth of a second.
LEAST_WINDOW_NS = 100_000_000

log = get_logger(__name__)


@dataclass(slots=True)
class StreamSettings:
    """How the stream is made; the age is shorter in tests."""

    max_age_seconds: float = DEFAULT_MAX_AGE_SECONDS
    replicas: int = 1


class StreamMaker:
    """Makes one service's stream; it raises what the broker answers."""

    def __init__(self, service: str, bus: Bus, settings: StreamSettings) -> None:
        self._service = service
        self._stream = service.upper()
        self._bus = bus
        self._settings = settings
        # When the stream was created whose settings the server refused to change.
        self._not_updated: str | None = None
        # Exported from the start, as 0: an alert sees no increase in a series that begins at 1.
        self._rebuilt = metrics.STREAM_REBUILT.labels(service)

    async def make(self, first: int) -> None:
        """Make the stream; `first` is the number its first message gets."""
        config = {
            "name": self._stream,
            "first_seq": first,
            "duplicate_window": LEAST_WINDOW_NS,
            **self._config(),
        }
        await self._bus.api(f"STREAM.CREATE.{self._stream}", config)
        log.info("relay.stream_made", service=self._service, first=first)

    async def remove(self) -> None:
        """Delete the stream before it is rebuilt, if it is still there."""
        self._rebuilt.inc()
        try:
            await self._bus.api(f"STREAM.DELETE.{self._stream}")
        except StreamRefused as error:
            if error.code != STREAM_NOT_FOUND:
                raise

    async def agree(self, state: StreamState) -> None:
        """Update a stream that was created with other settings; its messages stay."""
        wanted = self._config()
        if wanted.items() <= state.config.items() or self._not_updated == state.created:
            return
        try:
            await self._bus.api(f"STREAM.UPDATE.{self._stream}", {**state.config, **wanted})
        except StreamRefused as error:
            self._not_updated = state.created
            log.critical("relay.stream_settings", service=self._service, error=str(error))

    def _config(self) -> dict[str, Any]:
        return {
            "subjects": [f"events.{self._service}.>"],
            "retention": "limits",
            "storage": "file",
            "discard": "old",
            "max_age": int(self._settings.max_age_seconds * 1e9),
            "max_msgs": -1,
            "max_bytes": -1,
            "num_replicas": self._settings.replicas,
            "allow_atomic": True,
            "deny_delete": True,
            "deny_purge": True,
        }
