"""HTTP of sealed management. D3."""

from services.alerts.checkpoints import answers, handlers
from services.alerts.checkpoints.handlers import OrderSealing
from services.alerts.texts import TEXTS
from shared.http.routes import Routes
from shared.security.roles import Role

routes = Routes("/alerts", "checkpoints", TEXTS)
routes.post(
    "/areas/{code}/sealing",
    handlers.order_sealing,
    OrderSealing,
    returns=answers.Sealing,
    roles=(Role.COMMAND,),
    answer=handlers.answer,
)
