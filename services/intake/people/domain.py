"""The rules of the register of people (重点人员登记): what may be seen of them. I4."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from shared.events.base import COMMUNITY_DIGITS
from shared.security.masking import HIDDEN, masked_id_card, masked_name, masked_phone

DETAILS = ("name", "id_card", "phone", "address")


def born_on(id_card: str) -> date:
    """The date of birth in an 18-digit card number; raises ValueError when it is no date."""
    return date(int(id_card[6:10]), int(id_card[10:12]), int(id_card[12:14]))


def masked(details: Mapping[str, str], community: str) -> dict[str, str | None]:
    """What everyone who may read the register sees of a person's details.

    Of an address only the community, which the area code tells anyway: the text may begin with
    the door.
    """
    masks: dict[str, Callable[[str], str]] = {
        "name": masked_name,
        "id_card": masked_id_card,
        "phone": masked_phone,
        "address": lambda _address: community + HIDDEN,
    }
    return {
        field: mask(details[field]) if field in details else None for field, mask in masks.items()
    }


def reaches(granted: str, area: str) -> bool:
    """Whether a permission given for an area is one for those who live in another: in the same
    community, or below it."""
    return area.startswith(granted[:COMMUNITY_DIGITS])


def merged(details: Mapping[str, str], given: Mapping[str, Any]) -> dict[str, str]:
    """The details after a change: what was given replaces, an empty value takes away."""
    return {field: value for field, value in {**details, **given}.items() if value}
