"""Risk levels and situations in a policy pack (风险等级、三类社区). A3, A4."""

from typing import Annotated, Literal

from pydantic import Field

from shared.events.intake.cases import CaseOrigin, CaseStatus
from shared.events.vocabulary import Level
from shared.policy.sections import Days, Section

RiskUnit = Literal["county", "township", "community"]
CaseCount = Annotated[int, Field(ge=1, le=1_000_000)]


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
