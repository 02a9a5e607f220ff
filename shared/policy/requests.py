"""Requests for help in a policy pack (求助). V1."""

from pydantic import Field, field_validator

from shared.events.vocabulary import REQUEST_KINDS, RequestKind
from shared.policy.matching import Matching
from shared.policy.sections import Hours, Section, complete


class Requests(Section):
    """Requests for help (求助): hours until due by kind, and minutes before that to escalate."""

    due_hours: dict[RequestKind, Hours]
    escalate_minutes_before_due: int = Field(ge=0, le=1440)
    matching: Matching

    @field_validator("due_hours")
    @classmethod
    def _every_kind(cls, value: dict[str, int]) -> dict[str, int]:
        return complete(value, REQUEST_KINDS)
