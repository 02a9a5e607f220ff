"""Intake (登记): records what is seen; nothing else holds residents' data. It listens to nobody."""

from pathlib import Path

from services.intake.cases import api as cases
from services.intake.people import api as people
from services.intake.people.handlers import DESTROY_KEY, destroy_key
from services.intake.schema import Table
from services.intake.screenings import api as screenings
from shared.runtime.service import Service

SERVICE = Service(
    name="intake",
    migrations=Path(__file__).parent / "migrations",
    metadata=Table.metadata,
    due={DESTROY_KEY: destroy_key},
    routes=(screenings.routes, people.routes, cases.routes),
    # Nobody asks intake why: its events are first causes, and the hottest of all.
    indexed=False,
)
