"""Red Cross volunteer teams (红十字志愿服务队). V4."""

from shared.events.base import Id
from shared.events.volunteers.base import VolunteersEvent


class TeamFormed(VolunteersEvent):
    """A Red Cross volunteer team was formed (红十字志愿服务队). V4."""

    key = ("team_id",)
    about = ("team_id",)
    team_id: Id
    helpers: tuple[Id, ...] = ()
