"""The sections of a policy pack: what it sets, in which unit, and which notice asks for it.

Numbers that no notice gives are the county's choice; the packs mark them as chosen.
"""

from collections.abc import Collection, Iterable
from datetime import time
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from shared.events.values import (
    REQUEST_KINDS,
    ActivityKind,
    CaseOrigin,
    CaseStatus,
    Category,
    Level,
    Need,
    RequestKind,
    ServicePlan,
)

RiskUnit = Literal["county", "township", "community"]
RegisteredNeed = Literal[Need, "none_recorded"]
RaisingCode = Literal["yellow", "red"]

Days = Annotated[int, Field(ge=1, le=366)]
Hours = Annotated[int, Field(ge=1, le=720)]
People = Annotated[int, Field(ge=0, le=1_000_000)]
CaseCount = Annotated[int, Field(ge=1, le=1_000_000)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


class Section(BaseModel):
    """A part of a pack: nothing unknown, nothing of another type, nothing changed later."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Fever(Section):
    """Fever (发热): from `threshold_c` °C up, as common in 2020; answered in minutes (chosen)."""

    threshold_c: float = Field(ge=36, le=42)
    respond_within_minutes: int = Field(ge=1, le=1440)


class Alerts(Section):
    """What raises an alert (预警) without a fever, and in how many minutes it is answered (chosen).

    Symptoms and the colours of a health code (健康码) [FEB16, PREC21].
    """

    symptoms_raise: bool
    codes_raise: tuple[RaisingCode, ...]
    respond_within_minutes: int = Field(ge=1, le=1440)


class Temperature(Section):
    """What a body temperature (体温) may be at all, in °C; anything else is a slip (chosen)."""

    min_c: float = Field(ge=30, le=45)
    max_c: float = Field(ge=30, le=45)

    @field_validator("max_c")
    @classmethod
    def _above_min(cls, value: float, info: ValidationInfo) -> float:
        if value <= info.data.get("min_c", value - 1):
            raise PydanticCustomError("not_above", "must be above {other}", {"other": "min_c"})
        return value


class Cluster(Section):
    """A cluster (聚集性疫情): so many linked cases within the window (7th edition, 2020-09)."""

    size: int = Field(ge=2, le=1000)


class UnitRule(Section):
    """Levels of one unit, in cases: medium from so many new, high above a total (national rule).

    New are those of the window, the total is of all time; `high_needs_cluster` asks for a cluster
    within the window as well. With nothing new in the window the level is low.
    """

    medium_at_new: CaseCount
    high_above_total: int = Field(ge=0, le=1_000_000)
    high_needs_cluster: bool


class Units(Section):
    """The rule per unit: the county by the national rule, the smaller ones as chosen."""

    county: UnitRule
    township: UnitRule
    community: UnitRule

    def of(self, unit: RiskUnit) -> UnitRule:
        """The rule of a unit."""
        rule: UnitRule = getattr(self, unit)
        return rule


class Risk(Section):
    """Risk level (风险等级): a window in days, and which cases count (national rule of 2020)."""

    window_days: Days
    counted_statuses: tuple[CaseStatus, ...] = Field(min_length=1)
    counted_origins: tuple[CaseOrigin, ...] = Field(min_length=1)
    excluded_settings: tuple[str, ...]
    cluster: Cluster
    units: Units


class NoCases(Section):
    """未发现病例: so many days without a counted case [RC20, MCA9]; the days are chosen."""

    days_without: Days


class CasesOrOutbreak(Section):
    """出现病例或暴发疫情: from so many cases; an outbreak from `outbreak_size` linked [MCA9]."""

    cases: CaseCount
    outbreak_size: int = Field(ge=2, le=1000)


class Spread(Section):
    """传播疫情: so many cases of unknown source in the window, or so many outbreaks [MCA9]."""

    unknown_origin_cases: CaseCount
    outbreaks: CaseCount


class Situations(Section):
    """The three situations of a community (疫情情形), counted in days and cases [RC20, MCA9]."""

    window_days: Days
    counted_statuses: tuple[CaseStatus, ...] = Field(min_length=1)
    no_cases: NoCases
    cases_or_outbreak: CasesOrOutbreak
    spread: Spread


class Orders(Section):
    """The command's order (命令): levels it may hold against the window [State Council 2020]."""

    stand_above_window: tuple[Level, ...]


class Elections(Section):
    """Elections (换届选举): paused on which levels, for how many days at most, proxies per voter.

    `pause_limit_days` is by province, two digits, with `default` for the rest.
    """

    pause_levels: tuple[Level, ...] = Field(min_length=1)
    pause_limit_days: dict[
        Annotated[str, StringConstraints(pattern=r"^(\d\d|default)$")],
        Annotated[int, Field(ge=1, le=1830)],
    ]
    proxies_max: int = Field(ge=0, le=10)

    @field_validator("pause_limit_days")
    @classmethod
    def _with_default(cls, value: dict[str, int]) -> dict[str, int]:
        return _complete(value, ("default",))

    def pause_limit(self, area: str) -> tuple[int, str]:
        """`(days, key)` for an area code; the key is what `PolicyPack.line` takes."""
        province = area[:2] if area[:2] in self.pause_limit_days else "default"
        return self.pause_limit_days[province], f"elections.pause_limit_days.{province}"


class ApprovalRule(Section):
    """Activities that may be approved: at most so many people, for some kinds another number."""

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


class Venues(Section):
    """Venues (公共场所): the capacity in people of one that has not told it (chosen)."""

    assumed_capacity: int = Field(ge=1, le=100_000)


class Matching(Section):
    """What a fitting skill, a near area and a light load weigh, one against the other (chosen)."""

    skill: float = Field(gt=0, le=1000)
    area: float = Field(ge=0, le=1000)
    load: float = Field(ge=0, le=1000)


class Requests(Section):
    """Requests for help (求助): hours until due by kind, minutes before that when one climbs."""

    due_hours: dict[RequestKind, Hours]
    escalate_minutes_before_due: int = Field(ge=0, le=1440)
    matching: Matching

    @field_validator("due_hours")
    @classmethod
    def _every_kind(cls, value: dict[str, int]) -> dict[str, int]:
        return _complete(value, REQUEST_KINDS)


class Reports(Section):
    """The daily report (日报告): from when it is open until when it is due, same day, CST."""

    opens_at: time
    deadline: time

    @field_validator("deadline")
    @classmethod
    def _after_opening(cls, value: time, info: ValidationInfo) -> time:
        if value <= info.data.get("opens_at", time.min):
            raise PydanticCustomError("not_after", "must come after {other}", {"other": "opens_at"})
        return value


class ServiceRule(Section):
    """A service of a plan: whom it is for, and the request it makes for each of them [PREC21].

    It is for who has one of the categories and one of the needs; an empty list asks for none of
    its sort. `none_recorded` stands for a person whose needs nobody has written down yet.
    """

    title_zh: Text
    title_en: Text
    categories: tuple[Category, ...]
    needs: tuple[RegisteredNeed, ...]
    request: RequestKind
    due_hours: Hours

    @field_validator("needs")
    @classmethod
    def _for_somebody(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if not value and not info.data.get("categories", True):
            raise PydanticCustomError("for_nobody", "needs or categories must name somebody")
        return value

    def concerns(self, categories: Collection[Category], needs: Collection[Need]) -> bool:
        """Whether a person with these categories and needs gets this service."""
        known = set[str](needs) or {"none_recorded"}
        in_category = not self.categories or not set(self.categories).isdisjoint(categories)
        return in_category and (not self.needs or not known.isdisjoint(self.needs))


class Services(Section):
    """The service plans (社区服务预案), each a table of services by name [PREC21]."""

    everyday: dict[Name, ServiceRule]
    strengthened: dict[Name, ServiceRule]
    emergency: dict[Name, ServiceRule]

    def of(self, plan: ServicePlan) -> dict[Name, ServiceRule]:
        """The services of a plan by name, in the pack's order."""
        rules: dict[Name, ServiceRule] = getattr(self, plan)
        return rules


def _complete(value: dict[str, int], keys: Iterable[str]) -> dict[str, int]:
    absent = [key for key in keys if key not in value]
    if absent:
        raise PydanticCustomError("keys_missing", "{keys} missing", {"keys": ", ".join(absent)})
    return value
