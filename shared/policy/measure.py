"""What every measure of a policy pack has, and how two of one kind are joined."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from shared.events.alerts.service_plans import SERVICE_PLANS
from shared.policy.sections import Section

Trait = Literal["border_village", "airport_vicinity", "urban_rural_fringe", "many_migrant_workers"]


@dataclass(frozen=True)
class Stricter:
    """How one value is made of two so that it is no weaker than either."""

    of: Callable[[Any, Any], Any]


UNION = Stricter(lambda one, other: tuple(dict.fromkeys((*one, *other))))
LOWER = Stricter(min)
HIGHER = Stricter(max)
STRONGER_PLAN = Stricter(lambda one, other: max(one, other, key=SERVICE_PLANS.index))


class Measure(Section):
    """The parameters of a measure (防控措施)."""

    def joined(self, other: "Measure") -> "Measure":
        """Both at once, never weaker than either; what cannot be compared stays this one's."""
        values = {}
        for name, field in type(self).model_fields.items():
            mine = getattr(self, name)
            rule = next((mark for mark in field.metadata if isinstance(mark, Stricter)), None)
            values[name] = rule.of(mine, getattr(other, name)) if rule else mine
        return type(self).model_validate(values)
