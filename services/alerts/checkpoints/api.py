"""HTTP of sealed management. D3."""

from services.alerts.checkpoints import handlers
from services.alerts.checkpoints.handlers import OrderSealing
from shared.auth import Role
from shared.http import Routes

routes = Routes("/alerts", "checkpoints")
routes.post(
    "/areas/{code}/sealing",
    handlers.order_sealing,
    OrderSealing,
    roles=(Role.COMMAND,),
    answer=handlers.answer,
)
