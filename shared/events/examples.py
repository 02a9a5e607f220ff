"""How the example of an event is put together, told as one story, for documents and tests.

Each event names in `example` what its fields hold, and its bases what their events share. The rest
is the same for all: where and when, the case behind it, and the ids, of which each stands for the
thing that its field names, so that the examples refer to each other.
"""

from typing import Any, TypeVar
from uuid import NAMESPACE_URL, uuid5

from shared.events.base import Event

COMMUNITY = "220581001003"
MORNING = "2021-01-18T08:00:00+08:00"
EVENING = "2021-01-18T18:00:00+08:00"
POLLING_DAY = "2021-01-24"

E = TypeVar("E", bound=Event)


def example_id(name: str) -> str:
    """The id that stands for this name in every example."""
    return str(uuid5(NAMESPACE_URL, f"urn:bulwark:example:{name}"))


_CASE = {
    "type": "bulwark.intake.case_reported",
    "id": example_id("case reported"),
    "area": COMMUNITY,
    "occurred_at": MORNING,
    "policy": "2021-01#levels.community.medium",
}


def example_of(model: type[E]) -> E:
    """The example of an event."""
    values: dict[str, Any] = {"area": COMMUNITY, "occurred_at": MORNING, "because": [_CASE]}
    for field in model.model_fields:
        if field.endswith("_id"):
            values[field] = example_id(field.removesuffix("_id"))
    for kind in reversed(model.__mro__):
        values |= vars(kind).get("example", {})
    return model.model_validate(
        {field: value for field, value in values.items() if value is not None}
    )
