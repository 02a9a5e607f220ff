"""Causes kept on rows, so that what happens to a thing later can still say why it came to be."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from shared.events.base import MAX_CAUSES, Cause, Event
from shared.events.envelope import Recorded

Stored = list[dict[str, Any]]


def dump(causes: Sequence[Cause]) -> Stored:
    """A line of causes as JSON for a row."""
    return [cause.model_dump(mode="json", exclude_none=True) for cause in causes]


def load(rows: Stored, policy: str | None = None) -> tuple[Cause, ...]:
    """A kept line again; `policy` is the line under which its last step leads on now."""
    line = tuple(Cause.model_validate(row) for row in rows)
    if policy is None or not line:
        return line
    return (*line[:-1], line[-1].model_copy(update={"policy": policy}))


def caused_by(event: Event, now: datetime, policy: str | None = None) -> tuple[Cause, ...]:
    """The causes of what follows from a derived event that the writer has not numbered yet."""
    return Recorded(event.derived_id(), event.service, 0, now, event).causes(policy)


def merge(first: Sequence[Cause], then: Sequence[Cause]) -> tuple[Cause, ...]:
    """One line after the other; beyond eight steps the first and the latest stay."""
    line = (*first, *then)
    return line if len(line) <= MAX_CAUSES else (line[0], *line[1 - MAX_CAUSES :])
