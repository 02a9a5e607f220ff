"""The mirror of registered people (重点人员): who may need help of what kind, and nothing else. I4.

Every category and need carries the instant from which it stands, so that what follows from them
depends on what was recorded and not on when it was read.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from shared.areas.tree import Level, cut
from shared.events.intake.people import PersonRegistered, PersonUpdated

NONE_RECORDED = "none_recorded"


@dataclass(frozen=True, slots=True)
class Registered:
    """A person in the register: in this community since `since`, each trait since its instant.

    `needs` holds `none_recorded` while nobody has written any need down.
    """

    person_id: str
    area: str
    since: datetime
    categories: Mapping[str, datetime] = field(default_factory=dict)
    needs: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def community(self) -> str:
        """The community they live in; their own area when it stands higher up."""
        return cut(self.area, Level.COMMUNITY) or self.area

    def concerned_since(
        self, categories: Collection[str], needs: Collection[str]
    ) -> datetime | None:
        """Since when they have one of the categories and one of the needs; None when they have not.

        An empty list asks for none of its sort [PREC21].
        """
        starts = [self.since]
        for asked, held in ((categories, self.categories), (needs, self.needs)):
            if not asked:
                continue
            found = [held[trait] for trait in asked if trait in held]
            if not found:
                return None
            starts.append(min(found))
        return max(starts)


def registered(before: Registered | None, event: PersonRegistered | PersonUpdated) -> Registered:
    """What is known of a person after an event; what they had before keeps its instant."""
    at = event.occurred_at
    new = Registered(event.person_id, event.area, at)
    if before is None:
        before = new
    same_place = before.community == new.community
    needs = event.needs or (NONE_RECORDED,)
    return Registered(
        event.person_id,
        event.area,
        before.since if same_place else at,
        {category: before.categories.get(category, at) for category in event.categories},
        {need: before.needs.get(need, at) for need in needs},
    )
