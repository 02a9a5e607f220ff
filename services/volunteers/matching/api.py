"""HTTP of matching. V2."""

from services.volunteers.matching import handlers
from services.volunteers.matching.handlers import MatchAssistance
from services.volunteers.requests.answers import Standing, standing
from shared.http.declaration import AreaCheck
from shared.http.routes import Routes
from shared.i18n.catalogue import Catalogue
from shared.security.roles import Role

TEXTS = Catalogue.beside(__file__)

routes = Routes("/volunteers", "matching", TEXTS)
routes.post(
    "/requests/{request_id}/match",
    handlers.match,
    MatchAssistance,
    returns=Standing,
    roles=(Role.COORDINATOR, Role.LEAD, Role.COUNSELLOR),
    area=AreaCheck.ROW,
    status=200,
    answer=standing,
)
