"""Which events a target is sent, and when a failed sending is tried again. P2."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Final

from shared.events.base import Event
from shared.events.registry import all_events

FIRST_PAUSE: Final = timedelta(seconds=1)
LONGEST_PAUSE: Final = timedelta(minutes=5)


def kinds_of(types: Collection[str]) -> frozenset[type[Event]]:
    """The kinds of event of a target; types that this release does not know are none.

    `bulwark.alerts.*` is every kind that alerts has in this release.
    """
    every = {every_kind(model.service) for model in all_events().values()}.intersection(types)
    return frozenset(
        model
        for name, model in all_events().items()
        if name in types or every_kind(model.service) in every
    )


def every_kind(service: str) -> str:
    """How a target's types say every kind of event of a service, those of later releases too."""
    return f"bulwark.{service}.*"


def sources_of(types: Collection[str]) -> Sequence[str]:
    """The services whose events a target is sent."""
    return sorted({model.service for model in kinds_of(types)})


def pause_after(attempts: int) -> timedelta:
    """How long to wait after so many failures in a row: twice as long each time, five minutes
    at most."""
    doubled: int = 2 ** min(attempts - 1, 20)
    return min(FIRST_PAUSE * doubled, LONGEST_PAUSE)
