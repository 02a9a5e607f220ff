"""Cases to try rules on: counted ones of a community of Meihekou unless told otherwise."""

from datetime import date, timedelta
from itertools import count
from typing import Any

from services.alerts.risk.domain import Case
from shared.policy.pack import load_pack
from tests.support.paths import SHIPPED_PACK

PACK = load_pack(SHIPPED_PACK)
TODAY = date(2021, 1, 18)
COMMUNITY, TOWNSHIP, COUNTY = "220581001001", "220581001", "220581"
OTHER = "220581002001"
_NUMBERS = count(1)


def case(days_ago: int = 0, **facts: Any) -> Case:
    """A local case confirmed so many days ago."""
    number = next(_NUMBERS)
    values: dict[str, Any] = {
        "id": f"case {number}",
        "area": COMMUNITY,
        "counts_as": "confirmed",
        "confirmed_on": TODAY - timedelta(days=days_ago),
        "origin": "local",
        "sequence": number,
        **facts,
    }
    return Case(**values)


def chain(size: int, days_ago: int = 0, **facts: Any) -> list[Case]:
    """Cases each linked to the one before."""
    made: list[Case] = []
    for _ in range(size):
        links = (made[-1].id,) if made else ()
        made.append(case(days_ago, linked_to=links, **facts))
    return made
