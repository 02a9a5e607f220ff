"""Volunteers, their skills and their training (志愿者). V3."""

from typing import ClassVar, Literal, get_args

from shared.events.base import Example, Id
from shared.events.vocabulary import RequestKind, ShortText, name_vocabularies
from shared.events.volunteers.base import VolunteersEvent

Skill = Literal[RequestKind, "driving", "first_aid", "nursing", "counselling"]
StandDownReason = Literal["fever", "observation", "rest", "leave", "other"]
SKILLS: tuple[Skill, ...] = get_args(Skill)

name_vocabularies(skill=Skill, stand_down_reason=StandDownReason)


class HelperEvent(VolunteersEvent):
    """A volunteer (志愿者). V3."""

    key: ClassVar[tuple[str, ...]] = ("helper_id",)
    about: ClassVar[tuple[str, ...]] = ("helper_id",)
    helper_id: Id
    person_id: Id | None = None


class HelperRegistered(HelperEvent):
    """A volunteer was registered, or their skills are now these (志愿者登记). V3."""

    example: ClassVar[Example] = {"because": [], "skills": ["medicine", "driving"]}

    skills: tuple[Skill, ...] = ()


class HelperStoodDown(HelperEvent):
    """A volunteer may not serve for now (暂停服务). V3."""

    example: ClassVar[Example] = {"reason": "fever"}

    reason: StandDownReason


class HelperReturned(HelperEvent):
    """A volunteer may serve again (恢复服务). V3."""

    example: ClassVar[Example] = {"reason": "fever"}

    reason: StandDownReason | None = None


class TrainingCompleted(HelperEvent):
    """A volunteer completed a training (完成培训). V3, V9."""

    published = False
    key = ("helper_id", "course")
    example: ClassVar[Example] = {"course": "个人防护"}
    course: ShortText
