"""Problems that a community cannot solve itself (解决不了的问题). R6."""

from typing import ClassVar

from shared.events.base import Example, Id
from shared.events.rollup.base import RollupEvent
from shared.events.vocabulary import Actor, Text


class ProblemEvent(RollupEvent):
    """A problem that a community cannot solve itself (解决不了的问题). R6."""

    published = False
    key: ClassVar[tuple[str, ...]] = ("problem_id",)
    about: ClassVar[tuple[str, ...]] = ("problem_id",)
    example: ClassVar[Example] = {"by": "clinic-01"}
    problem_id: Id
    text: Text
    by: Actor | None = None


class ProblemRaised(ProblemEvent):
    """A problem went up (问题上报). R6."""

    example: ClassVar[Example] = {"text": "口罩不足三日用量"}


class ProblemClosed(ProblemEvent):
    """A problem was answered and closed (问题办结). R6."""

    example: ClassVar[Example] = {"text": "已调拨口罩500只"}
