"""HTTP of matching. V2."""

from services.volunteers.matching import handlers
from services.volunteers.matching.handlers import MatchAssistance
from services.volunteers.requests.answers import standing
from shared.http.routes import Routes
from shared.security.roles import Role

routes = Routes("/volunteers", "matching")
routes.post(
    "/requests/{request_id}/match",
    handlers.match,
    MatchAssistance,
    roles=(Role.COORDINATOR, Role.LEAD, Role.COUNSELLOR),
    status=200,
    answer=standing,
)
