"""alerts (预警与响应)."""

from pathlib import Path

from services.alerts.schema import Table
from shared.service import Service

SERVICE = Service(
    name="alerts",
    migrations=Path(__file__).parent / "migrations",
    metadata=Table.metadata,
    listens_to=("intake",),
)
