"""Instructions of the command (指挥部指令). R8."""

from typing import ClassVar

from pydantic import AwareDatetime

from shared.events.base import AreaCode, Example, Id
from shared.events.examples import COMMUNITY, EVENING
from shared.events.rollup.base import RollupEvent
from shared.events.vocabulary import Actor, Text


class InstructionEvent(RollupEvent):
    """An instruction of the command (指挥部指令). R8."""

    published = False
    key: ClassVar[tuple[str, ...]] = ("instruction_id",)
    about: ClassVar[tuple[str, ...]] = ("instruction_id",)
    example: ClassVar[Example] = {"by": "clinic-01"}
    instruction_id: Id
    text: Text
    by: Actor | None = None


class InstructionSent(InstructionEvent):
    """An instruction went down to these areas (下达), to be answered by `due_at`. R8."""

    example: ClassVar[Example] = {
        "text": "今日18时前完成返乡人员摸排",
        "to_areas": [COMMUNITY],
        "due_at": EVENING,
    }

    to_areas: tuple[AreaCode, ...] = ()
    due_at: AwareDatetime | None = None


class InstructionAnswered(InstructionEvent):
    """An area answered an instruction (反馈). R8."""

    key = ("instruction_id", "area")
    example: ClassVar[Example] = {"text": "已落实"}
