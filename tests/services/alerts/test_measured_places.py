"""What holds where things stand is the same whether it is looked up one by one or all at once."""

import pytest

from services.alerts.measures.at_areas import FEW, measures_at
from services.alerts.measures.in_force import in_force
from shared.events.alerts.measures import MEASURE_KINDS
from tests.services.alerts.gatherings import order
from tests.support.harness import COUNTY, Node

TOWNSHIP = "220581001"


@pytest.mark.requirement("D2")
@pytest.mark.parametrize("many", [True, False])
def test_every_place_has_its_own_measures_when_asked_together(node: Node, many: bool) -> None:
    site = node.instance.site
    order(node, TOWNSHIP, "medium")
    communities = site.areas.communities(COUNTY)
    asked = [*(communities if many else communities[:3]), TOWNSHIP, COUNTY]
    assert (len(asked) > FEW) is many
    with node.runtime("alerts").database.reading() as session:
        together = measures_at(session, site, asked, COUNTY, MEASURE_KINDS)
        alone = {area: in_force(session, site, area, MEASURE_KINDS) for area in asked}
    assert together == alone
    assert "election_pause" in together[TOWNSHIP]
    assert "venue_limit" in together[f"{TOWNSHIP}001"]
    assert together[COUNTY] == {}
    if many:
        assert together[communities[-1]] == {}
