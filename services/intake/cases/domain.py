"""The rules of case reports (疫情报告): what may follow what, and which dates can be. I9."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import Any, NamedTuple

from shared.events.intake.cases import CaseOrigin, CaseStatus

# 排除或解除 (cleared), 治愈 (recovered) and 死亡 (died) end a case; falling ill again is a new one.
FOLLOWS: Mapping[CaseStatus, frozenset[CaseStatus]] = {
    "suspected": frozenset({"confirmed", "asymptomatic", "cleared", "died"}),
    "asymptomatic": frozenset({"confirmed", "cleared", "recovered", "died"}),
    "confirmed": frozenset({"recovered", "died"}),
    "cleared": frozenset(),
    "recovered": frozenset(),
    "died": frozenset(),
}
NEVER_CONFIRMED: frozenset[CaseStatus] = frozenset({"suspected", "cleared"})


class Fault(NamedTuple):
    """Why a report is refused: a message of the catalogue, the field at fault, and its values."""

    message: str
    field: str
    values: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a case; `linked_to` are the cases that its own reports name."""

    status: CaseStatus
    person_id: str | None = None
    confirmed_on: date | None = None
    onset_on: date | None = None
    origin: CaseOrigin = "unknown"
    setting: str | None = None
    linked_to: tuple[str, ...] = ()


def first(said: Mapping[str, Any], on: date) -> Facts:
    """A case as its first report says it, whatever stage it had reached when it became known here.

    `on` is the local date of the report.
    """
    facts = _said(Facts(status=said["status"]), said)
    return _dated(facts, said, on) if facts.status == "confirmed" else facts


def later(before: Facts, said: Mapping[str, Any], on: date) -> Facts:
    """A case after one more report: what the report leaves out stays as it was."""
    facts = _said(before, said)
    turned = facts.status == "confirmed" and before.status != "confirmed"
    return _dated(facts, said, on) if turned else facts


def _said(before: Facts, said: Mapping[str, Any]) -> Facts:
    changes = dict(said)
    if "origin" in changes:
        changes["origin"] = changes["origin"] or "unknown"
    if "linked_to" in changes:
        changes["linked_to"] = tuple(sorted(set(changes["linked_to"])))
    return replace(before, **changes)


def _dated(facts: Facts, said: Mapping[str, Any], on: date) -> Facts:
    return facts if said.get("confirmed_on") else replace(facts, confirmed_on=on)


def next_statuses(status: CaseStatus) -> Iterable[CaseStatus]:
    """What a later report may say: the same status, with other details, or what follows it."""
    return [status, *sorted(FOLLOWS[status])]


def fault_of(case_id: str, facts: Facts, said: Mapping[str, Any], today: date) -> Fault | None:
    """Why the facts cannot be; `said` is what the report itself gave, `today` the local date."""
    if said.get("confirmed_on") and facts.status in NEVER_CONFIRMED:
        return Fault("not_confirmed", "confirmed_on", {"status": facts.status})
    for field in ("confirmed_on", "onset_on"):
        day = getattr(facts, field)
        if day is not None and day > today:
            return Fault("date_in_the_future", field, {"day": day})
    if facts.onset_on and facts.confirmed_on and facts.onset_on > facts.confirmed_on:
        # Of the two it is the one given that is wrong.
        field = "onset_on" if said.get("onset_on") else "confirmed_on"
        days = {"onset_on": facts.onset_on, "confirmed_on": facts.confirmed_on}
        return Fault("onset_after_confirmation", field, days)
    return Fault("linked_to_itself", "linked_to") if case_id in facts.linked_to else None


def change_fault(before: Facts, after: Facts) -> Fault | None:
    """Why one report cannot follow another."""
    allowed = next_statuses(before.status)
    if after.status not in allowed:
        values = {"before": before.status, "status": after.status, "allowed": ", ".join(allowed)}
        return Fault("status_cannot_follow", "status", values)
    if before.person_id is not None and after.person_id != before.person_id:
        return Fault("another_person", "person_id")
    return None
