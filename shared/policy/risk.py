"""Risk levels and situations in a policy pack (风险等级、三类社区). A3, A4."""

from typing import Annotated, Literal

from pydantic import Field

from shared.events.intake.cases import CaseOrigin, CaseStatus
from shared.events.vocabulary import Level
from shared.policy.sections import Days, Section

RiskUnit = Literal["county", "township", "community"]
CaseCount = Annotated[int, Field(ge=1, le=1_000_000)]


class Cluster(Section):
    """A cluster (聚集性疫情): at least `size` linked cases in the window (7th edition, 2020-09)."""

    size: int = Field(ge=2, le=1000)


class UnitRule(Section):
    """The case counts that make a unit's level medium or high (national rule).

    Medium: at least `medium_at_new` new cases, those within the window. High: a total of all time
    above `high_above_total`, and with `high_needs_cluster` also a cluster within the window.
    Without a new case in the window the level is low.
    """

    medium_at_new: CaseCount
    high_above_total: int = Field(ge=0, le=1_000_000)
    high_needs_cluster: bool


class Units(Section):
    """The rule of each unit: the national rule for the county, chosen ones for smaller units."""

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
    """未发现病例: the days without a counted case [RC20, MCA9]; their number is chosen."""

    days_without: Days


class CasesOrOutbreak(Section):
    """出现病例或暴发疫情: from `cases` on; `outbreak_size` linked ones are an outbreak [MCA9]."""

    cases: CaseCount
    outbreak_size: int = Field(ge=2, le=1000)


class Spread(Section):
    """传播疫情: from so many cases of unknown source in the window or outbreaks on [MCA9]."""

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
    """The command's order (命令): levels it may keep although the window says lower [State Council
    2020]."""

    stand_above_window: tuple[Level, ...]
