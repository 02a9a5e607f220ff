"""Matching of requests and helpers in a policy pack (供需对接). V2."""

from pydantic import Field

from shared.policy.sections import Section


class Matching(Section):
    """The weights of a matching skill, a near area and a light load in the score (chosen)."""

    skill: float = Field(gt=0, le=1000)
    area: float = Field(ge=0, le=1000)
    load: float = Field(ge=0, le=1000)
