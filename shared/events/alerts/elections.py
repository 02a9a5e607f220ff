"""Elections of village and residents' committees (换届选举). D4, D5."""

import datetime as dt
from typing import ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.events.alerts.base import AlertsEvent
from shared.events.base import AreaCode, Example, Id
from shared.events.examples import EVENING, MORNING, POLLING_DAY
from shared.events.vocabulary import Actor, Count, ShortText, Text, name_vocabularies

ElectionStatus = Literal["scheduled", "paused", "awaiting_date", "held"]

name_vocabularies(election_status=ElectionStatus)


class ElectionEvent(AlertsEvent):
    """An election of a village or residents' committee (换届选举). D4 [PREC21]."""

    key: ClassVar[tuple[str, ...]] = ("election_id",)
    about: ClassVar[tuple[str, ...]] = ("election_id",)
    election_id: Id


class ElectionScheduled(ElectionEvent):
    """An election has a polling day (确定选举日). D4."""

    example: ClassVar[Example] = {
        "because": [],
        "polling_on": POLLING_DAY,
        "title": "村民委员会换届选举",
        "by": "election-01",
    }

    polling_on: dt.date
    title: ShortText | None = None
    reason: Text | None = None
    by: Actor | None = None


class ElectionPaused(ElectionEvent):
    """An election was paused by the level (暂停换届选举); `polling_on` was its day. D4."""

    about = ("election_id", "measure_id")
    example: ClassVar[Example] = {"polling_on": POLLING_DAY}
    measure_id: Id | None = None
    polling_on: dt.date | None = None


class ElectionResumed(ElectionEvent):
    """An election may go on (恢复换届选举); without `polling_on` it awaits a date. D4."""

    about = ("election_id", "measure_id")
    example: ClassVar[Example] = {"polling_on": POLLING_DAY}
    measure_id: Id | None = None
    polling_on: dt.date | None = None


class ElectionPauseOverdue(ElectionEvent):
    """A pause reached the province's limit (暂停到期): a decision is asked for. D4."""

    about = ("election_id", "measure_id")
    example: ClassVar[Example] = {"limit_on": "2021-04-20", "polling_on": POLLING_DAY}
    measure_id: Id | None = None
    limit_on: dt.date
    polling_on: dt.date | None = None


class ElectionHeld(ElectionEvent):
    """An election was held (选举完成). D4."""

    example: ClassVar[Example] = {"polling_on": POLLING_DAY, "by": "clinic-01"}

    polling_on: dt.date | None = None
    by: Actor | None = None


class VotingSlot(BaseModel):
    """When the voters of an area vote (错时投票)."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    area: AreaCode
    starts_at: AwareDatetime
    ends_at: AwareDatetime


class VotingPlanSet(ElectionEvent):
    """How the votes are cast safely (投票办法): places, slots, proxies, people at the count. D5."""

    published = False
    example: ClassVar[Example] = {
        "polling_on": POLLING_DAY,
        "places": 2,
        "slots": [{"area": "220581001003001", "starts_at": MORNING, "ends_at": EVENING}],
        "proxies_per_voter": 1,
        "counting_people": 10,
    }

    polling_on: dt.date | None = None
    places: Count | None = None
    slots: tuple[VotingSlot, ...] = ()
    proxies_per_voter: Count | None = None
    counting_people: Count | None = None
