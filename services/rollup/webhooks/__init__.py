"""Webhooks (事件推送): events sent to other systems over HTTPS. P2."""

from services.rollup.webhooks import gauges
from services.rollup.webhooks.sending import send_webhooks
from shared.runtime.feature import Feature

FEATURE = Feature(
    package=__name__,
    background=(send_webhooks,),
    collectors=(gauges.collect,),
)
