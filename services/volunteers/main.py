"""Volunteers (志愿服务): who needs help and who gives it. It listens to intake and alerts."""

from pathlib import Path

from services.volunteers import helpers, matching, plans, register, requests
from services.volunteers.requests.rights import may_be_told
from services.volunteers.schema import Table
from shared.http.explain import why_routes
from shared.runtime.feature import service

# In the order in which they react.
FEATURES = (
    register.FEATURE,
    helpers.FEATURE,
    requests.FEATURE,
    matching.FEATURE,
    plans.FEATURE,
)

SERVICE = service(
    "volunteers",
    FEATURES,
    migrations=Path(__file__).parent / "migrations",
    metadata=Table.metadata,
    listens_to=("intake", "alerts"),
    routes=(why_routes("/volunteers", may_be_told),),
)
