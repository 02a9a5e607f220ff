"""People referred to institutions (转介). V11."""

from typing import ClassVar

from pydantic import AwareDatetime

from shared.events.base import Example, Id
from shared.events.examples import EVENING
from shared.events.vocabulary import ShortText
from shared.events.volunteers.base import VolunteersEvent


class ReferralEvent(VolunteersEvent):
    """Someone referred to an institution (转介). V11."""

    published = False
    key: ClassVar[tuple[str, ...]] = ("referral_id",)
    about: ClassVar[tuple[str, ...]] = ("referral_id",)
    example: ClassVar[Example] = {"institution": "市社会福利院"}
    referral_id: Id
    institution: ShortText
    person_id: Id | None = None


class ReferralSent(ReferralEvent):
    """A referral went to an institution, to be acknowledged by `due_at` (转介发出). V11."""

    example: ClassVar[Example] = {"due_at": EVENING}

    due_at: AwareDatetime | None = None


class ReferralReceived(ReferralEvent):
    """The institution acknowledged the referral (转介接收). V11."""
