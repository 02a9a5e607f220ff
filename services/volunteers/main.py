"""volunteers (志愿服务)."""

from pathlib import Path

from services.volunteers.schema import Table
from shared.service import Service

SERVICE = Service(
    name="volunteers",
    migrations=Path(__file__).parent / "migrations",
    metadata=Table.metadata,
    listens_to=("intake", "alerts"),
)
