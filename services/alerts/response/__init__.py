"""Responses (应急响应): a changed level or situation starts, changes and ends measures. D2.

What each kind of measure says when it starts or ends belongs to that kind's own feature: `main.py`
hands these effects to `feature`, so that the response knows none of them.
"""

from functools import partial

from services.alerts.measures.effects import EffectsByKind
from services.alerts.response import handlers
from shared.events.alerts.response import ResponseChanged, ResponseEnded, ResponseStarted
from shared.events.alerts.risk import RiskLevelChanged, SituationChanged
from shared.runtime.feature import Feature


def feature(effects: EffectsByKind) -> Feature:
    """The feature, with the effects of the kinds of measures that have events of their own."""
    return Feature(
        package=__name__,
        emits=(ResponseStarted, ResponseChanged, ResponseEnded),
        reacts={
            RiskLevelChanged: partial(handlers.level_changed, effects),
            SituationChanged: partial(handlers.situation_changed, effects),
        },
    )
