"""HTTP of sealed management. D3."""

from services.alerts.checkpoints import handlers
from services.alerts.checkpoints.handlers import OrderSealing
from shared.http.routes import Routes
from shared.security.roles import Role

routes = Routes("/alerts", "checkpoints")
routes.post(
    "/areas/{code}/sealing",
    handlers.order_sealing,
    OrderSealing,
    roles=(Role.COMMAND,),
    answer=handlers.answer,
)
