"""Sanitation in a policy pack (消毒). D9."""

from typing import Annotated

from pydantic import Field

from shared.policy.measure import HIGHER, Measure


class Sanitation(Measure):
    """清洁消毒: rounds a day [MCA9, PREC21]."""

    times_per_day: Annotated[int, Field(ge=1, le=24), HIGHER]
