"""What the public page of an area answers as JSON. D10."""

from typing import Any

from pydantic import AwareDatetime

from shared.events.alerts.measures import MeasureKind
from shared.events.alerts.notices import NoticeChannel
from shared.events.base import AreaCode
from shared.events.vocabulary import Level, Situation
from shared.http.answers import Answered


class Words(Answered):
    """A word in Chinese and English."""

    zh: str
    en: str


class PublicOrder(Answered):
    """The order that made a level."""

    text: str
    issuer: str | None = None
    document: str | None = None
    until: AwareDatetime | None = None


class PublicRule(Words):
    """A rule for residents; `communities` says in how many of a wider area's it is in force."""

    kind: MeasureKind
    since: AwareDatetime
    communities: int | None


class PublicNotice(Answered):
    """A notice in force (公告)."""

    text: str
    text_en: str | None = None
    level: Level
    channels: list[NoticeChannel]
    area: AreaCode
    since: AwareDatetime


class AreaLink(Answered):
    """Another area and the level there."""

    area: AreaCode
    name: str
    level: Level
    level_text: Words
    url: str


class PublicArea(Answered):
    """What residents are told of an area (公开信息): nobody's data."""

    area: AreaCode
    name: str
    full_name: str
    drill: bool
    level: Level
    level_text: Words
    level_since: AwareDatetime | None
    level_area: AreaCode | None
    order: PublicOrder | None
    situation: Situation
    situation_text: Words
    situation_since: AwareDatetime | None
    rules: list[PublicRule]
    duty_roster: list[Any]
    hotline: str
    notices: list[PublicNotice]
    above: AreaLink | None
    below: list[AreaLink]
    updated_at: AwareDatetime
