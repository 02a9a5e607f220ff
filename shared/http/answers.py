"""What routes answer, as models: for the OpenAPI documents and the tests, never on the way out.

Answers are written by orjson from plain values. The models are built when a document is asked for,
so that a service starts without them.
"""

from typing import Any, Generic, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, RootModel

from shared.events.base import AreaCode, Id

T = TypeVar("T")


class Answered(BaseModel):
    """The base of every answer's model."""

    model_config = ConfigDict(defer_build=True)


class Identified(Answered):
    """The id of what was made or changed."""

    id: Id


class Page(Answered, Generic[T]):
    """One page of a list; `next` is the cursor of the page that follows, null on the last."""

    items: list[T]
    next: str | None

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """`ElectionPage` is a page of elections."""
        return f"{params[0].__name__}Page"


class RejectedLine(Answered):
    """A line that was not recorded, and why; some carry members of their own besides."""

    model_config = ConfigDict(extra="allow")

    line: int
    error: str
    field: str | None


class BulkAnswer(Answered):
    """What became of the lines: how many were new, how many known already, which were refused."""

    recorded: int
    duplicates: int
    rejected: list[RejectedLine]


class Step(Answered):
    """Something that happened, in words."""

    type: str
    id: Id
    area: AreaCode
    area_name: str
    occurred_at: AwareDatetime
    policy: str | None
    text: str


class Explanation(Answered):
    """Why something is as it is: the causes of the last that happened to it, and all that did."""

    id: Id
    chain: list[Step]
    history: list[Step]


class JsonDocument(RootModel[dict[str, Any]]):
    """A document of a standard of its own, such as OpenAPI or JSON Schema."""

    model_config = ConfigDict(defer_build=True)
