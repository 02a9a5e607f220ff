"""A drill's scenario (演练脚本): who does what and when, and what must follow. A TOML file. V9.

Days count from 1; times are China Standard Time. A step is a call of the product's own HTTP, made
with the token of a role. In a body, `$name` is the id of the step of that name, `{day 12}` a
date and `{day 12 09:00}` a time of the scenario.
"""

import datetime as dt
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from pydantic import BaseModel, ConfigDict, Field

from shared.clock.clock import CST
from shared.events.base import AreaCode
from shared.events.intake.screenings import PlaceKind
from shared.policy.toml_file import PolicyFile
from shared.security.roles import Role

MOMENT = re.compile(r"\{day (\d+)(?: (\d\d):(\d\d))?\}")
NAME = re.compile(r"\$([a-z][a-z0-9-]*)")


class Part(BaseModel):
    """A table of the scenario; unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Routine(Part):
    """Generated ordinary screenings: `per_day` in each area, within hours, none a fever."""

    areas: tuple[AreaCode, ...]
    place_kind: PlaceKind
    per_day: int = Field(ge=1, le=2000)
    from_hour: int = Field(ge=0, le=23)
    to_hour: int = Field(ge=1, le=24)
    mean_c: float = Field(default=36.4, ge=35, le=37)
    spread_c: float = Field(default=0.25, gt=0, le=1)
    below_c: float = Field(default=37.2, le=37.2)


class Step(Part):
    """One call: `call` is a method and a path; `as` names the id that it creates.

    `find` is a list to read first: `$found` is then the id of its first item.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    day: int = Field(ge=1)
    at: dt.time
    who: Role
    call: str = Field(pattern=r"^(POST|PUT|PATCH) /")
    name: str = Field(default="", alias="as")
    area: AreaCode | None = None
    find: str = ""
    body: dict[str, Any] = Field(default_factory=dict)


class Signing(Part):
    """Every community's daily report is signed off at a time, except those forgotten."""

    at: dt.time
    who: Role
    forgotten: tuple["Forgotten", ...] = ()


class Forgotten(Part):
    """A report that is not signed off in time, but on the next day at `late_at`."""

    day: int
    area: AreaCode
    late_at: dt.time


class Expectation(Part):
    """What must happen: events within minutes after a step, or an answer at a time.

    Events: `event` by name, within `area`, with the fields `where`, with `because` among their
    causes; at least `least` and at most `most` of them. Answers: `get`, with the value `equals` at
    the dotted `path`.
    """

    what_zh: str
    what_en: str
    after: str = ""
    event: str = ""
    area: AreaCode = ""
    where: dict[str, Any] = Field(default_factory=dict)
    because: str = ""
    within_minutes: int = Field(default=1, ge=0)
    least: int = 1
    most: int | None = None
    day: int | None = None
    at: dt.time | None = None
    who: Role = Role.COMMAND
    get: str = ""
    path: str = ""
    equals: Any = None


class Scenario(Part):
    """The whole drill."""

    title_zh: str
    title_en: str
    area: AreaCode
    days: int = Field(ge=1, le=60)
    seed: int
    routine: tuple[Routine, ...] = ()
    step: tuple[Step, ...]
    signing: tuple[Signing, ...] = ()
    expect: tuple[Expectation, ...] = ()

    @classmethod
    def load(cls, path: Path) -> "Scenario":
        """Read a file; raises PolicyError that names file, line and key of every error."""
        return PolicyFile(path).checked(cls)

    def id_of(self, name: str) -> str:
        """The id that a step's name stands for: the same in every run."""
        return str(uuid5(NAMESPACE_URL, f"bulwark-drill:{self.seed}:{name}"))


class Calendar:
    """The scenario's days on the real calendar, starting with `first`."""

    def __init__(self, scenario: Scenario, first: dt.date) -> None:
        self.scenario = scenario
        self.first = first

    def date(self, day: int) -> dt.date:
        """The date of a day."""
        return self.first + dt.timedelta(days=day - 1)

    def moment(self, day: int, at: dt.time) -> dt.datetime:
        """The time of day `at` on a day of the scenario."""
        return dt.datetime.combine(self.date(day), at, CST)

    def day_of(self, moment: dt.datetime) -> int:
        """The day of the scenario that contains a moment."""
        return (moment.astimezone(CST).date() - self.first).days + 1

    def filled(self, value: Any) -> Any:
        """A body with its placeholders filled in."""
        if isinstance(value, Mapping):
            return {key: self.filled(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.filled(one) for one in value]
        return self.text(value) if isinstance(value, str) else value

    def text(self, value: str, found: str = "") -> str:
        """A text or path with `$found`, `$name`, `{day N}` and `{day N HH:MM}` filled in."""

        def moment(match: re.Match[str]) -> str:
            day, hour, minute = match.groups()
            if hour is None:
                return self.date(int(day)).isoformat()
            return self.moment(int(day), dt.time(int(hour), int(minute))).isoformat()

        def name(match: re.Match[str]) -> str:
            return found if match[1] == "found" else self.scenario.id_of(match[1])

        return NAME.sub(name, MOMENT.sub(moment, value))
