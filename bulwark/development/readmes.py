"""Writing each service's README: a line per feature, made from what the feature declares.

`python -m bulwark.development.readmes` renews `services/<service>/README.md`. The words are those
of the folder's own docstring: its first paragraph, and the requirements (`D4`) it ends with.
"""

import re
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

from bulwark.console import say
from bulwark.registry import SERVICES
from shared.events.base import Event
from shared.events.registry import all_events
from shared.runtime.feature import Feature

FOLDER = Path(__file__).parents[2] / "services"
COMMAND = "python -m bulwark.development.readmes"
REQUIREMENTS = re.compile(r"(?: [A-Z]\d+,)* [A-Z]\d+\.$")


def readme(service: str) -> str:
    """The README of one service."""
    main = import_module(f"services.{service}.main")
    features: tuple[Feature, ...] = main.FEATURES
    lines = [
        f"# {service}",
        "",
        _first_paragraph(main.__doc__),
        "",
        "A feature is a folder. They stand here in the order in which they react to an event; what",
        "one consumes is of other services, what it reacts to is of this one.",
        "",
        *_taken_whole(service, features),
        "| feature | what it is | requirements | consumes | reacts to | emits |",
        "|---|---|---|---|---|---|",
        *(_line(feature) for feature in features),
        "",
        f"This page is made from the code: `{COMMAND}` writes it.",
        "",
    ]
    return "\n".join(lines)


def write() -> int:
    """Write the README of each service; returns how many."""
    for service in SERVICES:
        (FOLDER / service / "README.md").write_text(readme(service), encoding="utf-8")
    return len(SERVICES)


def _taken_whole(service: str, features: Iterable[Feature]) -> list[str]:
    """What `main.py` itself takes in, for several features at once."""
    by_features = {event for feature in features for event in feature.consumes}
    rest = [event for event in SERVICES[service].consumes if event not in by_features]
    return [f"`main.py` consumes {_names(rest)}, for several features at once.", ""] if rest else []


def _line(feature: Feature) -> str:
    about = _first_paragraph(import_module(feature.package).__doc__)
    found = REQUIREMENTS.search(about)
    if found is None:
        raise ValueError(f"the docstring of {feature.package} ends with no requirement")
    cells = (
        f"[{feature.name}]({feature.name}/)",
        about.removesuffix(found[0]),
        found[0].strip(" ."),
        _names(feature.consumes),
        _names(feature.reacts),
        _names(feature.emits),
    )
    return f"| {' | '.join(cells)} |"


def _first_paragraph(text: str | None) -> str:
    return " ".join((text or "").split("\n\n")[0].split())


def _names(events: Iterable[type[Event]]) -> str:
    """Events by name, or the services whose every event is among them."""
    named = set(events)
    services = [name for name in SERVICES if any(event.service == name for event in named)]
    of_them = {event for event in all_events().values() if event.service in services}
    if named and named == of_them:
        return f"every event of {', '.join(services)}"
    return ", ".join(f"`{event.name}`" for event in events)


if __name__ == "__main__":
    say(f"{FOLDER}: {write()}")
