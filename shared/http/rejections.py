"""What the HTTP layer refuses by itself, before any handler is called."""

from typing import Literal


class TooLarge(Exception):
    """413: the body is larger than the limit, in KiB or lines."""

    def __init__(self, limit: int, unit: Literal["kib", "lines"]) -> None:
        super().__init__(f"{limit} {unit}")
        self.limit = limit
        self.unit = unit


class WrongRole(Exception):
    """403: the caller's role may not do this."""
