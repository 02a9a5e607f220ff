"""The live feed of events as server-sent events. P5."""

from typing import Any

from pydantic import BaseModel, Field

from services.rollup.feed.answers import FeedEvent
from services.rollup.feed.domain import data_of, is_sent, kinds_asked
from shared.events.base import AreaCode
from shared.events.envelope import Recorded
from shared.events.wording import described_to
from shared.exceptions import Invalid
from shared.http.routes import Routes
from shared.http.sse import Selection, Watch, stream
from shared.i18n.catalogue import Catalogue, Language
from shared.security.roles import OF_HEALTH, Role
from shared.site import Site

TEXTS = Catalogue.beside(__file__)

WATCHERS = frozenset(Role) - {Role.HELPER, Role.RESIDENT}


class StreamAsked(BaseModel):
    """Which events: of an area (the caller's own for none), of types by their names, by commas."""

    area: AreaCode | None = None
    types: str | None = Field(default=None, max_length=4000)


def subscribe(watch: Watch, asked: StreamAsked) -> Selection:
    """Events as they happen, server-sent: `?area=&types=`, the token also as `access_token=`.

    Without types it is all but plain screenings. Who may not read alerts is told neither whom an
    event is about nor their temperature.
    """
    try:
        kinds = kinds_asked(asked.types)
    except ValueError as error:
        raise Invalid(TEXTS, "unknown_event_types", field="types", types=error) from error
    area = asked.area if asked.area is not None else watch.caller.area
    counsels = watch.caller.role is Role.COUNSELLOR

    def wants(recorded: Recorded[Any]) -> bool:
        return is_sent(recorded.data, kinds, area, counsels=counsels)

    def data(recorded: Recorded[Any]) -> dict[str, Any]:
        return told(recorded, watch.site, watch.language, people=watch.caller.role in OF_HEALTH)

    return Selection(kinds.__contains__, wants, data)


def told(
    recorded: Recorded[Any], site: Site, language: Language, *, people: bool
) -> dict[str, Any]:
    """An event as a frame tells it, with one line of text for people."""

    def name(code: str) -> str:
        return site.areas.full_name(code) if site.areas.exists(code) else code

    event = recorded.data
    return {
        "type": event.type,
        "id": recorded.id,
        "service": recorded.service,
        "sequence": recorded.sequence,
        "area": event.area,
        "area_name": name(event.area),
        "occurred_at": event.occurred_at,
        "data": data_of(event, people=people),
        "text": described_to(event, name, language, of_health=people),
    }


routes = Routes("", "feed", TEXTS)
stream(routes, "/stream", subscribe, StreamAsked, returns=FeedEvent, roles=WATCHERS)
