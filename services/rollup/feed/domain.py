"""Who is sent which event (实时动态). P5."""

from collections.abc import Collection
from typing import Any, Final

from shared.events.base import Event
from shared.events.intake.screenings import ScreeningRecorded
from shared.events.registry import all_events
from shared.events.volunteers.requests import AssistanceEvent

ORDINARY: Final[tuple[type[Event], ...]] = (ScreeningRecorded,)
"""What happens all day long, and is sent only to who asks for it by name."""


OF_PEOPLE: Final = frozenset({"person_id", "temperature_c"})
"""The fields that link an event with a person's health."""


def kinds_asked(types: str | None) -> frozenset[type[Event]]:
    """The kinds of event in a list of names or types, by commas; all but the ordinary for none.

    Raises ValueError with the names that are unknown.
    """
    if types is None:
        return frozenset(all_events().values()) - frozenset(ORDINARY)
    known = {model.name: model for model in all_events().values()} | all_events()
    names = [name for part in types.split(",") if (name := part.strip())]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(", ".join(unknown))
    return frozenset(known[name] for name in names)


def data_of(event: Event, *, people: bool) -> dict[str, Any]:
    """What an event says; without `people` neither whom it is about nor their temperature, for
    who has no part in people's health, such as `it`. P5."""
    left_out = frozenset() if people else OF_PEOPLE
    return event.model_dump(mode="json", exclude_none=True, exclude=set(left_out))


def is_sent(event: Event, kinds: Collection[type[Event]], area: str, *, counsels: bool) -> bool:
    """Whether an event is of a kind asked for, in the area, and for the caller's eyes.

    Psychological support (心理援助) is seen by those alone who give it [RC20].
    """
    if type(event) not in kinds or not event.area.startswith(area):
        return False
    return counsels or not (isinstance(event, AssistanceEvent) and event.kind == "psychological")
