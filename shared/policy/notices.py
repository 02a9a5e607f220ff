"""Notices in a policy pack (通告). D10."""

from typing import Annotated

from pydantic import Field

from shared.events.alerts.notices import NoticeChannel
from shared.policy.measure import UNION, Measure
from shared.policy.sections import Text


class Notice(Measure):
    """告居民书: the channels and the text of a notice to residents [MCA9, PREC21]."""

    channels: Annotated[tuple[NoticeChannel, ...], Field(min_length=1), UNION]
    text_zh: Text
    text_en: Text
