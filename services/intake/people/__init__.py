"""People (重点人员登记): the register, sealed with a key for each person. I4."""

from services.intake.people import api, handlers
from shared.events.intake.people import PersonErased, PersonRegistered, PersonUpdated
from shared.runtime.feature import Feature

FEATURE = Feature(
    package=__name__,
    emits=(PersonRegistered, PersonUpdated, PersonErased),
    routes=(api.routes,),
    due={handlers.DESTROY_KEY: handlers.destroy_key},
)
