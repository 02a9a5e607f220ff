"""Every event type: which modules there are, and the type for a name.

An event enters `base.REGISTRY` when its module is imported. A program that knows its events imports
those modules alone; who asks for all of them, or for a type by its name, asks here.
"""

from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from shared.events.base import REGISTRY, Event

SERVICES = ("intake", "alerts", "volunteers", "rollup")


def all_events() -> dict[str, type[Event]]:
    """Every event by its type, as `bulwark.alerts.fever_detected`."""
    for service in SERVICES:
        _load(service)
    return dict(REGISTRY)


def model_of(event_type: str) -> type[Event] | None:
    """The event of this type; None when this release does not know it.

    The modules of its service are imported first where the type has not been met before.
    """
    if event_type not in REGISTRY:
        service = event_type.removeprefix("bulwark.").partition(".")[0]
        if service in SERVICES:
            _load(service)
    return REGISTRY.get(event_type)


@cache
def _load(service: str) -> None:
    """Import every module of a service's events."""
    for module in iter_modules([str(Path(__file__).parent / service)]):
        import_module(f"shared.events.{service}.{module.name}")
