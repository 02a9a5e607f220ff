"""Isolation sites (集中隔离场所). I11."""

from typing import ClassVar

from shared.events.base import Id
from shared.events.intake.base import IntakeEvent


class SiteEvent(IntakeEvent):
    """A stay at an isolation site (集中隔离场所). I11."""

    published = False
    key: ClassVar[tuple[str, ...]] = ("stay_id",)
    about: ClassVar[tuple[str, ...]] = ("stay_id",)
    site_id: Id
    stay_id: Id
    person_id: Id


class SiteAdmitted(SiteEvent):
    """A person was admitted to an isolation site (入住). I11."""


class SiteReleased(SiteEvent):
    """A person left an isolation site and was handed back (解除隔离). I11."""
