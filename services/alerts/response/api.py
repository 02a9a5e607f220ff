"""HTTP of the response: what a level would do. P6."""

from services.alerts.response.preview import PreviewLevel, preview
from shared.auth import Role
from shared.http import Routes

routes = Routes("/alerts", "response")
routes.trial(
    "/areas/{code}/risk-level/preview",
    preview,
    PreviewLevel,
    roles=(Role.COMMAND, Role.LEAD, Role.IT),
)
