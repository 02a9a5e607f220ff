"""Reading the compose files of deploy/."""

from typing import Any

from ruamel.yaml import YAML

from tests.support.paths import ROOT

DEPLOY = ROOT / "deploy"
FILES = tuple(sorted(path.name for path in DEPLOY.glob("compose*.yaml")))
ALONE = "compose.yaml"
SUBSCRIBERS = "compose.subscribers.yaml"
WEBHOOKS = "compose.webhooks.yaml"


def read(name: str) -> dict[str, Any]:
    """A file as it is, with its anchors and merges resolved."""
    found: dict[str, Any] = YAML(typ="safe", pure=True).load((DEPLOY / name).read_text())
    return found


def whole_services() -> dict[str, dict[str, Any]]:
    """Every service that a file describes in full; `file: name` to its description."""
    return {
        f"{file}: {name}": service
        for file in FILES
        for name, service in read(file).get("services", {}).items()
        if "image" in service
    }


def overridden_services() -> dict[str, dict[str, Any]]:
    """Every service of which a file only changes something."""
    return {
        f"{file}: {name}": service
        for file in FILES
        for name, service in read(file).get("services", {}).items()
        if "image" not in service
    }
