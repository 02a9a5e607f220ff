"""HTTP of the response: what a level would do. P6."""

from services.alerts.response.answers import Preview
from services.alerts.response.preview import PreviewLevel, preview
from services.alerts.texts import TEXTS
from shared.http.routes import Routes
from shared.security.roles import Role

routes = Routes("/alerts", "response", TEXTS)
routes.dry_run(
    "/areas/{code}/risk-level/preview",
    preview,
    PreviewLevel,
    returns=Preview,
    roles=(Role.COMMAND, Role.LEAD, Role.IT),
)
