"""The contract between the services: every event, its envelope, and its words.

Importing this package enters every event type into `REGISTRY`.
"""

from shared.events import alerts, intake, rollup, volunteers
from shared.events.base import (
    AREA_PATTERN,
    COMMUNITY_DIGITS,
    MAX_CAUSES,
    REGISTRY,
    AreaCode,
    Cause,
    Event,
    Id,
    id_from,
)
from shared.events.envelope import (
    CONTENT_TYPE,
    MalformedEvent,
    Recorded,
    data_json,
    decode,
    encode,
    parse,
    position_of,
    subject_of,
)

__all__ = [
    "AREA_PATTERN",
    "COMMUNITY_DIGITS",
    "CONTENT_TYPE",
    "MAX_CAUSES",
    "REGISTRY",
    "AreaCode",
    "Cause",
    "Event",
    "Id",
    "MalformedEvent",
    "Recorded",
    "alerts",
    "data_json",
    "decode",
    "encode",
    "id_from",
    "intake",
    "parse",
    "position_of",
    "rollup",
    "subject_of",
    "volunteers",
]
