"""What a frame of the live feed says. P5."""

from typing import Any

from pydantic import AwareDatetime

from shared.events.base import AreaCode, Id
from shared.http.answers import Answered


class FeedEvent(Answered):
    """The data of a frame: an event, with one line of text for people."""

    type: str
    id: Id
    service: str
    sequence: int
    area: AreaCode
    area_name: str
    occurred_at: AwareDatetime
    data: dict[str, Any]
    text: str
