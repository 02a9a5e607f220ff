"""The register of residents and key people (居民登记, 重点人员). I4."""

from typing import ClassVar

from shared.events.base import Example, Id
from shared.events.intake.base import IntakeEvent
from shared.events.vocabulary import Category, Need


class PersonEvent(IntakeEvent):
    """A person in the register of residents and key people (重点人员). I4."""

    key: ClassVar[tuple[str, ...]] = ("person_id",)
    about: ClassVar[tuple[str, ...]] = ("person_id",)
    person_id: Id


class PersonRegistered(PersonEvent):
    """A person was entered into the register (登记), with the categories that need care. I4."""

    example: ClassVar[Example] = {
        "categories": ["living_alone_elderly", "chronic_illness"],
        "needs": ["medicine"],
    }

    categories: tuple[Category, ...] = ()
    needs: tuple[Need, ...] = ()


class PersonUpdated(PersonEvent):
    """A person's categories, needs or area are now these (变更). I4."""

    example: ClassVar[Example] = {
        "categories": ["living_alone_elderly", "chronic_illness"],
        "needs": ["medicine"],
    }

    categories: tuple[Category, ...] = ()
    needs: tuple[Need, ...] = ()


class PersonErased(PersonEvent):
    """A person's key was destroyed at the end of the retention period (注销). I4."""
