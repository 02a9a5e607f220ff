"""One message of a stream, as the reader hands it on."""

from typing import Any, NamedTuple


class Entry(NamedTuple):
    """A message of a stream: its number and its document.

    `envelope` is set when it was verified to carry this number and source.
    """

    sequence: int
    document: bytes
    envelope: dict[str, Any] | None
