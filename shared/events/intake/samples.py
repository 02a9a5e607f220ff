"""Samples for nucleic-acid tests and their results (核酸检测). I12."""

from typing import ClassVar, Literal

from shared.events.base import Example, Id
from shared.events.intake.base import IntakeEvent
from shared.events.vocabulary import name_vocabularies

SampleResult = Literal["negative", "positive", "inconclusive"]

name_vocabularies(sample_result=SampleResult)


class SampleEvent(IntakeEvent):
    """A sample for a nucleic-acid test (核酸检测样本). I12."""

    published = False
    key: ClassVar[tuple[str, ...]] = ("sample_id",)
    about: ClassVar[tuple[str, ...]] = ("sample_id",)
    sample_id: Id
    person_id: Id


class SampleTaken(SampleEvent):
    """A sample was taken (采样). I12."""


class ResultReturned(SampleEvent):
    """The result of a sample came back (检测结果). I12."""

    example: ClassVar[Example] = {"result": "negative"}

    result: SampleResult
