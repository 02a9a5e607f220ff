"""One message of a stream, as the reader hands it on."""

from typing import Any, NamedTuple


class Entry(NamedTuple):
    """A message of a stream: its number, its document, and its envelope, where that was found to
    be of this number and source."""

    sequence: int
    document: bytes
    envelope: dict[str, Any] | None
