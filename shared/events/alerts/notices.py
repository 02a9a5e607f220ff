"""Notices to residents (通告). D10."""

from typing import ClassVar, Literal

from shared.events.alerts.base import AlertsEvent
from shared.events.base import Example, Id
from shared.events.vocabulary import Level, Text, name_vocabularies

NoticeChannel = Literal["wechat", "board", "led", "loudspeaker"]

name_vocabularies(notice_channel=NoticeChannel)


class NoticeIssued(AlertsEvent):
    """A notice to residents was issued (发布通告) on these channels, in both languages. D10."""

    key = ("notice_id",)
    about = ("notice_id", "measure_id")
    example: ClassVar[Example] = {
        "level": "medium",
        "channels": ["wechat", "board"],
        "text": "请居民减少外出, 关注权威发布",
        "text_en": "Please stay at home where you can; trust official announcements only.",
    }
    notice_id: Id
    level: Level
    channels: tuple[NoticeChannel, ...] = ()
    text: Text
    text_en: Text | None = None
    measure_id: Id | None = None
