"""HTTP of screenings. I1."""

from services.intake.screenings import handlers
from services.intake.screenings.handlers import RecordScreening, VoidScreening
from shared.http.declaration import AreaCheck
from shared.http.routes import Routes
from shared.i18n.catalogue import Catalogue
from shared.security.roles import Role

TEXTS = Catalogue.beside(__file__)

RECORDERS = (Role.RECORDER, Role.HEALTH, Role.LEAD, Role.COMMAND, Role.COORDINATOR, Role.RESIDENT)

routes = Routes("/intake", "screenings", TEXTS)
routes.post("/screenings", handlers.record, RecordScreening, roles=RECORDERS, check=handlers.check)
routes.bulk(
    "/screenings/bulk",
    handlers.record_many,
    RecordScreening,
    roles=RECORDERS[:-1],
    check=handlers.check,
)
routes.post(
    "/screenings/{screening_id}/void",
    handlers.void,
    VoidScreening,
    roles=RECORDERS[:-1],
    area=AreaCheck.ROW,
    status=200,
)
