"""Matching of requests and helpers in a policy pack (供需对接). V2."""

from pydantic import Field

from shared.policy.sections import Section


class Matching(Section):
    """What a fitting skill, a near area and a light load weigh, one against the other (chosen)."""

    skill: float = Field(gt=0, le=1000)
    area: float = Field(ge=0, le=1000)
    load: float = Field(ge=0, le=1000)
