"""HTTP of sealed management. D3."""

from services.alerts.checkpoints import answers, handlers
from services.alerts.checkpoints.handlers import OrderSealing
from shared.http.routes import Routes
from shared.i18n.catalogue import Catalogue
from shared.security.roles import Role

TEXTS = Catalogue.beside(__file__)

routes = Routes("/alerts", "checkpoints", TEXTS)
routes.post(
    "/areas/{code}/sealing",
    handlers.order_sealing,
    OrderSealing,
    returns=answers.Sealing,
    roles=(Role.COMMAND,),
    answer=handlers.answer,
)
