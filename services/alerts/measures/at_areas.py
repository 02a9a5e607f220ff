"""Which measures hold where something stands: an election, a venue, an activity.

What stands in a community or one of its grids is under the community's measures; what belongs to
a township or above is under those of that very area.
"""

from collections.abc import Iterable, Mapping

from sqlalchemy.orm import Session

from services.alerts.measures.domain import MeasureFacts
from services.alerts.measures.in_force import in_force, in_force_under
from shared.events.alerts.measures import MeasureKind
from shared.events.base import COMMUNITY_DIGITS
from shared.site import Site

Found = Mapping[MeasureKind, MeasureFacts]

# From so many communities on, one query for all under a prefix costs less than one for each.
FEW = 20


def measures_at(
    session: Session, site: Site, areas: Iterable[str], prefix: str, kinds: tuple[MeasureKind, ...]
) -> dict[str, Found]:
    """The measures of these kinds in force at each of some areas, all of them under a prefix."""
    wanted = set(areas)
    communities = {area for area in wanted if len(area) == COMMUNITY_DIGITS}
    found: dict[str, Found] = {}
    if len(communities) > FEW:
        under = in_force_under(session, site, prefix, kinds)
        found.update({area: under.get(area, {}) for area in communities})
    rest = wanted - found.keys()
    return {**found, **{area: in_force(session, site, area, kinds) for area in rest}}
