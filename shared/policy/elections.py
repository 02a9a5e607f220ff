"""Elections in a policy pack (换届选举). D4."""

from typing import Annotated

from pydantic import Field, StringConstraints, field_validator

from shared.events.vocabulary import Level
from shared.policy.measure import Measure
from shared.policy.sections import Section, complete


class ElectionPause(Measure):
    """暂停换届选举 [PREC21]."""


class Elections(Section):
    """Elections (换届选举): the levels that pause them, for how many days at most, and proxies.

    `pause_limit_days` is by province, two digits, with `default` for the rest; `proxies_max` is
    the most proxies that one voter may hold.
    """

    pause_levels: tuple[Level, ...] = Field(min_length=1)
    pause_limit_days: dict[
        Annotated[str, StringConstraints(pattern=r"^(\d\d|default)$")],
        Annotated[int, Field(ge=1, le=1830)],
    ]
    proxies_max: int = Field(ge=0, le=10)

    @field_validator("pause_limit_days")
    @classmethod
    def _with_default(cls, value: dict[str, int]) -> dict[str, int]:
        return complete(value, ("default",))

    def pause_limit(self, area: str) -> tuple[int, str]:
        """`(days, key)` for an area code; the key is one for `PolicyPack.line`."""
        province = area[:2] if area[:2] in self.pause_limit_days else "default"
        return self.pause_limit_days[province], f"elections.pause_limit_days.{province}"
