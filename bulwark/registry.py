"""The four services by name."""

from services.alerts.main import SERVICE as ALERTS
from services.intake.main import SERVICE as INTAKE
from services.rollup.main import SERVICE as ROLLUP
from services.volunteers.main import SERVICE as VOLUNTEERS

SERVICES = {service.name: service for service in (INTAKE, ALERTS, VOLUNTEERS, ROLLUP)}
