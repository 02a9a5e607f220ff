"""rollup (汇总上报)."""

from pathlib import Path

from services.rollup.schema import Table
from shared.service import Service

SERVICE = Service(
    name="rollup",
    migrations=Path(__file__).parent / "migrations",
    metadata=Table.metadata,
    listens_to=("intake", "alerts", "volunteers"),
)
