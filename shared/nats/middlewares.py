"""What FastStream does around every handler: it counts, and we log what fails.

Its metrics stand beside ours under the prefix `bulwark_faststream`, in the process's registry.
"""

from collections.abc import Sequence
from types import TracebackType
from typing import Any

from faststream import BaseMiddleware
from faststream.message import StreamMessage
from faststream.nats.prometheus.provider import NatsMetricsSettingsProvider
from faststream.prometheus import ConsumeAttrs, PrometheusMiddleware
from faststream.response import PublishCommand
from nats.aio.msg import Msg
from prometheus_client import REGISTRY

from shared.logs import get_logger

METRICS_PREFIX = "bulwark_faststream"

log = get_logger(__name__)


class _BoundedNames(NatsMetricsSettingsProvider):
    """Names a subject by its first two tokens, such as `head.intake`.

    The rest of a subscriber's request is its own to choose: each would make series that stay.
    """

    __slots__ = ()

    def get_consume_attrs_from_message(self, msg: StreamMessage[Msg]) -> ConsumeAttrs:
        attrs = super().get_consume_attrs_from_message(msg)
        return {**attrs, "destination_name": _bounded(attrs["destination_name"])}

    def get_publish_destination_name_from_cmd(self, cmd: PublishCommand) -> str:
        return _bounded(cmd.destination)


def _bounded(subject: str) -> str:
    return ".".join(subject.split(".", 2)[:2])


class LogFailures(BaseMiddleware[Any, Any]):
    """Logs what a handler raises: FastStream tells nobody but its own logger, which we have not.

    The asker gets no answer, and takes that for a time-out.
    """

    async def after_processed(
        self,
        exc_type: type[BaseException] | None = None,
        exc_val: BaseException | None = None,
        exc_tb: TracebackType | None = None,
    ) -> bool | None:
        """Log an error, and let it pass."""
        if isinstance(exc_val, Exception):
            log.warning("bus.error", subject=self.msg.subject, error=repr(exc_val))
        return await super().after_processed(exc_type, exc_val, exc_tb)


def middlewares(name: str) -> Sequence[Any]:
    """For the broker of one connection; `name` tells it from the others of the process."""
    provider = _BoundedNames()
    prometheus: PrometheusMiddleware[Msg, PublishCommand] = PrometheusMiddleware(
        settings_provider_factory=lambda _message: provider,
        registry=REGISTRY,
        app_name=name,
        metrics_prefix=METRICS_PREFIX,
    )
    return (prometheus, LogFailures)
