"""Intake (登记): records what is seen; nothing else holds residents' data. It listens to nobody."""

from pathlib import Path

from services.intake import cases, people, screenings
from services.intake.schema import Table
from shared.runtime.feature import service

FEATURES = (screenings.FEATURE, people.FEATURE, cases.FEATURE)

SERVICE = service(
    "intake",
    FEATURES,
    migrations=Path(__file__).parent / "migrations",
    metadata=Table.metadata,
    # Nobody asks intake why: its events are first causes, and the hottest of all.
    indexed=False,
)
