"""Activities and meetings in a policy pack (聚集性活动). D7."""

from typing import Annotated

from shared.events.alerts.activities import ActivityKind
from shared.events.vocabulary import Level
from shared.policy.measure import LOWER, Measure
from shared.policy.sections import People, Section


class ActivityStop(Measure):
    """停办聚集性活动: activities of more people are called off; 0 calls off all [MCA9]."""

    above_people: Annotated[People, LOWER]


class MeetingPostponement(Measure):
    """推迟村(居)民会议 [PREC21]."""


class ApprovalRule(Section):
    """The most people at an activity that may be approved, with other limits for some kinds."""

    max_people: People
    max_people_of: dict[ActivityKind, People]

    def limit(self, kind: ActivityKind) -> int:
        """The most people at an activity of this kind."""
        return self.max_people_of.get(kind, self.max_people)


class Activities(Section):
    """Approval of activities (聚集性活动报批) by level [MCA9, PREC21]; the numbers are chosen."""

    low: ApprovalRule
    medium: ApprovalRule
    high: ApprovalRule

    def of(self, level: Level) -> ApprovalRule:
        """The rule of a level."""
        rule: ApprovalRule = getattr(self, level)
        return rule
