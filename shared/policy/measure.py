"""The base of every measure of a policy pack, and how two of one kind are joined."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from shared.events.alerts.service_plans import SERVICE_PLANS
from shared.policy.sections import Section

Trait = Literal["border_village", "airport_vicinity", "urban_rural_fringe", "many_migrant_workers"]


@dataclass(frozen=True)
class Stricter:
    """How two values of a parameter are joined into one that is no weaker than either."""

    of: Callable[[Any, Any], Any]


UNION = Stricter(lambda first, second: tuple(dict.fromkeys((*first, *second))))
LOWER = Stricter(min)
HIGHER = Stricter(max)
STRONGER_PLAN = Stricter(lambda first, second: max(first, second, key=SERVICE_PLANS.index))


class Measure(Section):
    """The parameters of a measure (防控措施)."""

    def joined(self, other: "Measure") -> "Measure":
        """Both measures at once, no weaker than either; other parameters keep this one's value."""
        values = {}
        for name, field in type(self).model_fields.items():
            mine = getattr(self, name)
            rule = next((item for item in field.metadata if isinstance(item, Stricter)), None)
            values[name] = rule.of(mine, getattr(other, name)) if rule else mine
        return type(self).model_validate(values)
