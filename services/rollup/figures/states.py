"""Which things stand in a state that a figure counts (统计数字), and which events change it. R4."""

from typing import Final, NamedTuple

from shared.events.alerts.checkpoints import (
    CheckpointClosed,
    CheckpointOpened,
    SealingImposed,
    SealingLifted,
)
from shared.events.alerts.elections import ElectionHeld, ElectionPaused, ElectionResumed
from shared.events.alerts.venues import VenueClosed, VenueLimited, VenueOpened
from shared.events.base import Event
from shared.events.intake.observations import (
    ObservationClosed,
    ObservationOpened,
)
from shared.events.volunteers.helpers import HelperRegistered, HelperReturned, HelperStoodDown
from shared.events.volunteers.requests import (
    AssistanceCancelled,
    AssistanceCompleted,
    AssistanceRequested,
)

_STATES: Final[dict[type[Event], tuple[str, str | None]]] = {
    ObservationOpened: ("observation_id", "observations_open"),
    ObservationClosed: ("observation_id", None),
    CheckpointOpened: ("measure_id", "checkpoints_open"),
    CheckpointClosed: ("measure_id", None),
    SealingImposed: ("measure_id", "areas_sealed"),
    SealingLifted: ("measure_id", None),
    ElectionPaused: ("election_id", "elections_paused"),
    ElectionResumed: ("election_id", None),
    ElectionHeld: ("election_id", None),
    VenueClosed: ("venue_id", "venues_closed"),
    VenueLimited: ("venue_id", "venues_limited"),
    VenueOpened: ("venue_id", None),
    AssistanceRequested: ("request_id", "requests_open"),
    AssistanceCompleted: ("request_id", None),
    AssistanceCancelled: ("request_id", None),
    HelperRegistered: ("helper_id", "helpers"),
    HelperStoodDown: ("helper_id", "helpers_stood_down"),
    HelperReturned: ("helper_id", "helpers"),
}


class State(NamedTuple):
    """The standing figure a thing counts in, and where."""

    figure: str
    area: str


def changes_state(event: Event) -> bool:
    """Whether an event puts a thing into a state that is counted, or ends one."""
    return type(event) in _STATES


def thing_of(event: Event) -> str:
    """The thing whose state an event changes, as `venue_id:…`; raises KeyError for other events."""
    kind = _STATES[type(event)][0]
    return f"{kind}:{getattr(event, kind)}"


def state_after(event: Event, before: State | None) -> State | None:
    """The state of a thing after an event; None when it counts in no standing figure any more."""
    figure = _STATES[type(event)][1]
    # A helper's entry may be renewed while they are stood down (暂停服务).
    if isinstance(event, HelperRegistered) and before is not None:
        figure = before.figure
    return None if figure is None else State(figure, event.area)
