"""Urgent reports (紧急报告). R2."""

from typing import ClassVar, Literal

from shared.events.base import Example, Id
from shared.events.rollup.base import RollupEvent
from shared.events.vocabulary import Text, name_vocabularies

UrgentKind = Literal["case", "fever", "cluster", "worker_harmed", "other"]

name_vocabularies(urgent_kind=UrgentKind)


class UrgentReportRaised(RollupEvent):
    """An urgent report went up the tree at once (紧急报告). R2."""

    published = False
    key = ("report_id",)
    about = ("report_id",)
    example: ClassVar[Example] = {"kind": "case", "alert_id": None}
    report_id: Id
    kind: UrgentKind
    alert_id: Id | None = None
    case_id: Id | None = None
    text: Text | None = None
