"""HTTP of the response: what a level would do. P6."""

from services.alerts.response.preview import PreviewLevel, preview
from shared.http.routes import Routes
from shared.security.roles import Role

routes = Routes("/alerts", "response")
routes.dry_run(
    "/areas/{code}/risk-level/preview",
    preview,
    PreviewLevel,
    roles=(Role.COMMAND, Role.LEAD, Role.IT),
)
