"""Screenings (体温筛查): a temperature at a checkpoint, recorded or taken back. I1."""

from services.intake.screenings import api
from shared.events.intake.screenings import ScreeningRecorded, ScreeningVoided
from shared.runtime.feature import Feature

FEATURE = Feature(
    package=__name__,
    emits=(ScreeningRecorded, ScreeningVoided),
    routes=(api.routes,),
)
