"""Venues in a policy pack (公共场所). D6."""

from typing import Annotated

from pydantic import Field

from shared.events.alerts.venues import VenueKind
from shared.policy.measure import LOWER, UNION, Measure
from shared.policy.sections import Section


class VenueClosure(Measure):
    """Every venue closed (暂停开放) [MCA9, PREC21]."""


class VenueLimit(Measure):
    """限制人流: venues of some kinds closed, the others open to a percentage of capacity."""

    limit_percent: Annotated[int, Field(ge=1, le=100), LOWER]
    closed_kinds: Annotated[tuple[VenueKind, ...], UNION]


class Venues(Section):
    """Venues (公共场所): the assumed capacity, in people, of one that has stated none (chosen)."""

    assumed_capacity: int = Field(ge=1, le=100_000)
