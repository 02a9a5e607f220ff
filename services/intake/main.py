"""Intake (登记): records what is seen; nothing else holds residents' data. It listens to nobody."""

from pathlib import Path

from services.intake.schema import Table
from services.intake.screenings import api as screenings
from shared.service import Service

SERVICE = Service(
    name="intake",
    migrations=Path(__file__).parent / "migrations",
    metadata=Table.metadata,
    routes=(screenings.routes,),
    # Nobody asks intake why: its events are first causes, and the hottest of all.
    indexed=False,
)
