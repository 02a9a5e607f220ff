"""Matching (精准对接供给侧和需求侧): which helper takes which request. V2."""

from services.volunteers.matching import api, handlers
from shared.events.volunteers.helpers import HelperRegistered, HelperReturned
from shared.events.volunteers.requests import (
    AssistanceCancelled,
    AssistanceCompleted,
    AssistanceRequested,
)
from shared.runtime.feature import Feature

FEATURE = Feature(
    package=__name__,
    routes=(api.routes,),
    reacts={
        AssistanceRequested: handlers.requested,
        AssistanceCompleted: handlers.freed,
        AssistanceCancelled: handlers.freed,
        HelperRegistered: handlers.helper_ready,
        HelperReturned: handlers.helper_ready,
    },
    due={handlers.RUN: handlers.run},
)
