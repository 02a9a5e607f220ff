"""Red Cross volunteer teams (红十字志愿服务队). V4."""

from typing import ClassVar

from shared.events.base import Example, Id
from shared.events.examples import example_id
from shared.events.volunteers.base import VolunteersEvent


class TeamFormed(VolunteersEvent):
    """A Red Cross volunteer team was formed (红十字志愿服务队). V4."""

    published = False
    key = ("team_id",)
    about = ("team_id",)
    example: ClassVar[Example] = {"because": [], "helpers": [example_id("helper")]}
    team_id: Id
    helpers: tuple[Id, ...] = ()
