"""The rules of volunteers (志愿者): when one may serve or not. V3."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from shared.events.volunteers.helpers import Skill

HelperStatus = Literal["available", "away", "stood_down"]

DEFAULT_CAPACITY: Final = 5


@dataclass(frozen=True, slots=True)
class HelperFacts:
    """A helper as other features see one; `capacity` is how many requests one takes at once."""

    id: str
    area: str
    status: HelperStatus
    person_id: str | None
    skills: tuple[Skill, ...]
    languages: tuple[str, ...]
    capacity: int


@dataclass(frozen=True, slots=True)
class Fever:
    """A fever of a helper: found at an instant, `outcome` once the clinic closed the alert."""

    alert_id: str
    found_at: datetime
    outcome: str | None


def bars(fever: Fever, now: datetime, window_days: int) -> bool:
    """Whether a fever keeps someone from serving (暂停服务) [VOL21].

    An open one does, one that was a false alarm does not; any other does for the window of the
    level rule, in days, unless a coordinator takes them back sooner.
    """
    if fever.outcome is None:
        return True
    if fever.outcome == "false_alarm":
        return False
    return now < over_at(fever, window_days)


def over_at(fever: Fever, window_days: int) -> datetime:
    """When the window of a closed fever is over: from then on it bars nobody (chosen)."""
    return fever.found_at + timedelta(days=window_days)


def barring(fevers: Iterable[Fever], now: datetime, window_days: int) -> Fever | None:
    """The fever that bars, the latest when there are several; None when none does."""
    found = [fever for fever in fevers if bars(fever, now, window_days)]
    return max(found, key=lambda fever: (fever.found_at, fever.alert_id), default=None)


def standing(away: str | None) -> HelperStatus:
    """The status of a helper whom nothing bars, by why they wish to be away."""
    return "available" if away is None else "away"
