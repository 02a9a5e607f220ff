"""Problems that a community cannot solve itself (解决不了的问题). R6."""

from typing import ClassVar

from shared.events.base import Id
from shared.events.rollup.base import RollupEvent
from shared.events.vocabulary import Actor, Text


class ProblemEvent(RollupEvent):
    """A problem that a community cannot solve itself (解决不了的问题). R6."""

    key: ClassVar[tuple[str, ...]] = ("problem_id",)
    about: ClassVar[tuple[str, ...]] = ("problem_id",)
    problem_id: Id
    text: Text
    by: Actor | None = None


class ProblemRaised(ProblemEvent):
    """A problem went up (问题上报). R6."""


class ProblemClosed(ProblemEvent):
    """A problem was answered and closed (问题办结). R6."""
