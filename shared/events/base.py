"""The base of every event: its envelope's facts, its causes, and the registry of types.

An event is a fact in the past tense. Its class says which service owns it (`service`), which
fields name what it is about (`about`, for `why`), which of them make a derived id (`key`), what
its fields hold in the documents' example (`example`, on top of what its bases say), and whether any
service makes it yet (`published`): what none makes stays out of the published contract.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import uuid_utils
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

AREA_PATTERN = r"^[0-9]{2}([0-9]{2}([0-9]{2}([0-9]{3}([0-9]{3}([0-9]{3})?)?)?)?)?$"
COMMUNITY_DIGITS = 12
MAX_CAUSES = 8

AreaCode = Annotated[str, StringConstraints(pattern=AREA_PATTERN)]
Id = Annotated[
    str,
    StringConstraints(
        to_lower=True,
        pattern=r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
    ),
]

Example = Mapping[str, Any]

REGISTRY: dict[str, "type[Event]"] = {}


def id_from(cause_id: str, key: str) -> str:
    """The id of a thing that an event made: the UUIDv5 of the event's id and a key such as
    `checkpoint:220581001003`, so that a repeat makes the same thing."""
    return str(uuid_utils.uuid5(uuid_utils.UUID(cause_id), key))


class Cause(BaseModel):
    """One step of the deciding line that led to an event.

    `type` is the full event type, `area` is cut to the community, and `policy` names the pack and
    the line under which this step led to the next, as `2021-01#fever.threshold_c`.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    type: str
    id: Id
    area: AreaCode
    occurred_at: AwareDatetime
    policy: str | None = None


class Event(BaseModel):
    """A fact in the past tense; the subclasses name the fields of `data`.

    `because` is the deciding line of causes, first cause first, at most eight steps; empty on a
    first cause.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    service: ClassVar[str] = ""
    name: ClassVar[str] = ""
    type: ClassVar[str] = ""
    key: ClassVar[tuple[str, ...]] = ()
    about: ClassVar[tuple[str, ...]] = ()
    example: ClassVar[Example] = {}
    published: ClassVar[bool] = True

    area: AreaCode
    occurred_at: AwareDatetime
    because: tuple[Cause, ...] = Field(default=(), max_length=MAX_CAUSES)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: object) -> None:
        """Name the type after the class and enter it into the registry.

        A class named `…Event` is what events share, not an event.
        """
        super().__pydantic_init_subclass__(**kwargs)
        if not cls.service or cls.__name__.endswith("Event"):
            return
        cls.name = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()
        cls.type = f"bulwark.{cls.service}.{cls.name}"
        REGISTRY[cls.type] = cls

    def derived_id(self) -> str:
        """The id of an event that follows from another: the same cause and key, the same id."""
        values = ",".join(str(getattr(self, field)) for field in (self.key or ("area",)))
        return id_from(self.because[-1].id, f"{self.type}:{values}")
