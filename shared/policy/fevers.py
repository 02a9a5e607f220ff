"""Fevers and other alerts in a policy pack (发热、预警). D1."""

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from shared.policy.sections import Section

RaisingCode = Literal["yellow", "red"]


class Fever(Section):
    """Fever (发热): from `threshold_c` °C up, as was usual in 2020; minutes to respond (chosen)."""

    threshold_c: float = Field(ge=36, le=42)
    respond_within_minutes: int = Field(ge=1, le=1440)


class Alerts(Section):
    """What raises an alert (预警) without a fever, and the minutes to respond to it (chosen).

    These are symptoms and the colours of a health code (健康码) [FEB16, PREC21].
    """

    symptoms_raise: bool
    codes_raise: tuple[RaisingCode, ...]
    respond_within_minutes: int = Field(ge=1, le=1440)


class Temperature(Section):
    """The possible body temperatures (体温) in °C; any other is a typing error (chosen)."""

    min_c: float = Field(ge=30, le=45)
    max_c: float = Field(ge=30, le=45)

    @field_validator("max_c")
    @classmethod
    def _above_min(cls, value: float, info: ValidationInfo) -> float:
        if value <= info.data.get("min_c", value - 1):
            raise PydanticCustomError("not_above", "must be above {other}", {"other": "min_c"})
        return value
