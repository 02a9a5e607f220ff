"""Gauges of webhooks: how far each target is, and what fails. P2."""

from collections.abc import Mapping
from datetime import datetime

from services.rollup.webhooks.handlers import followed, places
from services.rollup.webhooks.tables import WebhookTarget
from shared.context import ServiceContext
from shared.database.threads import on_thread
from shared.metrics import names as metrics
from shared.metrics.gauges import Sample
from shared.nats.connection import StreamState


async def collect(context: ServiceContext) -> list[Sample]:
    """The values of each target that is sent to; one that is paused or gone is not told of."""
    known = await on_thread(_read, context)
    sources = {source for _, place in known for source in place}
    found = {source: await context.bus.stream(source.upper()) for source in sources}
    streams = {source: state for source, state in found.items() if state is not None}
    now = context.site.clock.now()
    return [value for target, place in known for value in _values(target, place, streams, now)]


def _read(context: ServiceContext) -> list[tuple[WebhookTarget, dict[str, int]]]:
    with context.database.reading() as session:
        return [(target, places(session, target.id)) for target in followed(session)]


def _values(
    target: WebhookTarget,
    place: Mapping[str, int],
    streams: Mapping[str, StreamState],
    now: datetime,
) -> list[Sample]:
    lag, behind = 0, False
    for source, state in streams.items():
        at = place.get(source)
        if at is not None:
            # Nothing before the stream's beginning is waited for by who asked for what there is.
            lag += max(state.last - (at if at >= 0 else max(state.first - 1, 0)), 0)
            behind |= 0 <= at < state.first - 1
    since = target.failing_since
    seconds = 0.0 if since is None else max((now - since).total_seconds(), 0.0)
    return [
        Sample(metrics.WEBHOOK_LAG, lag, (target.id,)),
        Sample(metrics.WEBHOOK_FAILING, seconds, (target.id,)),
        Sample(metrics.WEBHOOK_BEHIND, int(behind), (target.id,)),
    ]
