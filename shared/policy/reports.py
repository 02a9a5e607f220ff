"""Daily reports in a policy pack (日报告). R1."""

from datetime import time

from pydantic import ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from shared.policy.sections import Section


class Reports(Section):
    """The daily report (日报告): when it opens and when it is due, on the same day, in CST."""

    opens_at: time
    deadline: time

    @field_validator("deadline")
    @classmethod
    def _after_opening(cls, value: time, info: ValidationInfo) -> time:
        if value <= info.data.get("opens_at", time.min):
            raise PydanticCustomError("not_after", "must come after {other}", {"other": "opens_at"})
        return value
