"""Policy packs (防控政策包): the dated rules of a county as typed TOML, `policies/*.toml`.

A pack holds thresholds, windows and deadlines, and the measures of each level, situation and area
trait. The file says of every value whether a notice gives it or the county chose it. A rule is
cited by its line, such as `2021-01#fever.threshold_c`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from shared.events.alerts.measures import MEASURE_KINDS, MeasureKind
from shared.events.vocabulary import LEVELS, Level, Situation
from shared.policy.activities import Activities
from shared.policy.elections import Elections
from shared.policy.fevers import Alerts, Fever, Temperature
from shared.policy.measure import Measure, Trait
from shared.policy.measures import Measures
from shared.policy.reports import Reports
from shared.policy.requests import Requests
from shared.policy.risk import Orders, Risk, Situations
from shared.policy.sections import Section, Text
from shared.policy.service_plans import Services
from shared.policy.toml_file import PolicyError, PolicyFile, bilingual
from shared.policy.venues import Venues

Mode = Literal["order", "automatic"]


class PolicyPack(Section):
    """The rules in force from a date on, with the hotline for residents (服务热线)."""

    name: str = Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]{0,63}$")
    title_zh: Text
    title_en: Text
    in_force_from: date
    mode: Mode
    hotline: str = Field(pattern=r"^[0-9+][0-9 -]{2,19}$")
    fever: Fever
    alerts: Alerts
    temperature: Temperature
    risk: Risk
    situations: Situations
    measures: Measures
    orders: Orders
    elections: Elections
    activities: Activities
    venues: Venues
    requests: Requests
    reports: Reports
    services: Services

    @field_validator("temperature")
    @classmethod
    def _holds_fever(cls, value: Temperature, info: ValidationInfo) -> Temperature:
        fever = info.data.get("fever")
        if isinstance(fever, Fever) and not value.min_c < fever.threshold_c < value.max_c:
            values = {"key": "fever.threshold_c", "low": value.min_c, "high": value.max_c}
            raise PydanticCustomError("not_between", "must lie between {low} and {high}", values)
        return value

    @field_validator("elections")
    @classmethod
    def _pauses_as_measured(cls, value: Elections, info: ValidationInfo) -> Elections:
        measures = info.data.get("measures")
        if not isinstance(measures, Measures):
            return value
        for level in LEVELS:
            if (level in value.pause_levels) != bool(measures.of(level).election_pause):
                other = f"measures.{level}.election_pause"
                values = {"key": "elections.pause_levels", "value": level, "other": other}
                raise PydanticCustomError("disagrees", "{value} disagrees with {other}", values)
        return value

    def line(self, key: str) -> str:
        """The citation of a rule, `2021-01#fever.threshold_c`; raises KeyError for an unset key."""
        at: object = self
        for step in key.split("."):
            here = dict(at) if isinstance(at, BaseModel) else at
            at = here.get(step) if isinstance(here, dict) else None
            if at is None:
                raise KeyError(f"{self.name}: {key}")
        return f"{self.name}#{key}"


@dataclass(frozen=True, slots=True)
class MeasureRule:
    """A measure to be taken, its parameters, and the policy line that asks for it."""

    kind: MeasureKind
    parameters: Measure
    line: str


def measures_for(
    level: Level, situation: Situation | None, traits: Iterable[Trait], pack: PolicyPack
) -> tuple[MeasureRule, ...]:
    """The measures of an area, one of each kind, in the contract's order [PREC21, MCA9].

    Where several sources (level, situation, traits) ask for the same kind, the strictest value of
    each parameter holds. The line cited is that of the source that asks for all of it, or else of
    the first source in that order.
    """
    found: dict[MeasureKind, MeasureRule] = {}
    for source in (level, *((situation,) if situation else ()), *sorted(set(traits))):
        plan = pack.measures.of(source)
        for kind in MEASURE_KINDS:
            parameters = getattr(plan, kind)
            if parameters is None:
                continue
            rule = MeasureRule(kind, parameters, pack.line(f"measures.{source}.{kind}"))
            found[kind] = _stronger(found[kind], rule) if kind in found else rule
    if "venue_closure" in found:
        found.pop("venue_limit", None)
    return tuple(found[kind] for kind in MEASURE_KINDS if kind in found)


def _stronger(first: MeasureRule, second: MeasureRule) -> MeasureRule:
    both = first.parameters.joined(second.parameters)
    if both != first.parameters and both == second.parameters:
        return second
    return MeasureRule(first.kind, both, first.line)


def load_pack(path: Path) -> PolicyPack:
    """Load a pack; raises PolicyError with the file, line and key of every problem."""
    return PolicyFile(path).checked(PolicyPack)


@dataclass(frozen=True, slots=True)
class Packs:
    """The packs of a county, by the date from which they are in force."""

    packs: tuple[PolicyPack, ...]

    @classmethod
    def load(cls, folder: Path) -> "Packs":
        """Load all `*.toml` of a folder; raises PolicyError with the problems of every file.

        Two packs with the same name or the same date are a problem, and so is an empty folder.
        """
        problems: list[str] = []
        read: list[tuple[PolicyFile, PolicyPack]] = []
        for path in sorted(folder.glob("*.toml")):
            try:
                file = PolicyFile(path)
                read.append((file, file.checked(PolicyPack)))
            except PolicyError as error:
                problems.extend(error.problems)
        for (other, earlier), (file, later) in combinations(read, 2):
            problems.extend(
                file.problem((key,), "same_as", other=other.path)
                for key in ("name", "in_force_from")
                if getattr(later, key) == getattr(earlier, key)
            )
        if not read and not problems:
            problems.append(f"{folder}: {bilingual('no_packs')}")
        if problems:
            raise PolicyError(*problems)
        return cls(tuple(sorted((pack for _, pack in read), key=lambda pack: pack.in_force_from)))

    def in_force(self, on: date) -> PolicyPack:
        """The latest pack that began by that day; raises PolicyError when all begin later."""
        for pack in reversed(self.packs):
            if pack.in_force_from <= on:
                return pack
        raise PolicyError(bilingual("none_in_force", on=on, first=self.packs[0].in_force_from))

    def named(self, name: str) -> PolicyPack:
        """The pack of that name; raises PolicyError that lists the existing names."""
        for pack in self.packs:
            if pack.name == name:
                return pack
        known = ", ".join(pack.name for pack in self.packs)
        raise PolicyError(bilingual("no_such_pack", name=name, known=known))
