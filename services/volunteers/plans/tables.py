"""The service plans of communities as alerts has changed them. D8."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from services.volunteers.schema import Table
from shared.database.types import Instant
from shared.events.alerts.service_plans import ServicePlan


class PlanChange(Table):
    """One change of plan; `sequence` is its number in the log of alerts, `because` its causes."""

    __tablename__ = "plan_changes"

    event_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    area: Mapped[str] = mapped_column(String(15), index=True)
    sequence: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(Instant)
    plan: Mapped[ServicePlan] = mapped_column(String(20))
    services: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    because: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
