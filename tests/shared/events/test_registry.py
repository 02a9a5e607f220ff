"""Every event is found by its type, and no more is imported than is asked for."""

import subprocess
import sys

import pytest

from shared.events.alerts.fevers import FeverDetected
from shared.events.registry import SERVICES, all_events, model_of
from tests.support.paths import ROOT

WITHOUT_EVENTS = ("__init__", "base", "orders")


def known_after(code: str) -> set[str]:
    """The types that a new interpreter knows after some code."""
    collectors = "from shared.events.base import REGISTRY; print(*REGISTRY)"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; {collectors}"],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        cwd=ROOT,
    )
    return set(done.stdout.split())


def test_every_noun_is_found_when_all_events_are_asked_for() -> None:
    found = {model.__module__ for model in all_events().values()}
    nouns = {
        f"shared.events.{service}.{file.stem}"
        for service in SERVICES
        for file in (ROOT / "shared" / "events" / service).glob("*.py")
        if file.stem not in WITHOUT_EVENTS
    }
    assert found == nouns


def test_one_noun_alone_is_known_when_it_alone_is_imported() -> None:
    known = known_after("import shared.events.intake.screenings")
    assert known == {"bulwark.intake.screening_recorded", "bulwark.intake.screening_voided"}


def test_type_is_found_with_its_service_alone_when_nothing_was_imported() -> None:
    kind = "bulwark.rollup.report_missed"
    known = known_after(f"from shared.events.registry import model_of; model_of({kind!r})")
    assert kind in known
    assert {name.split(".")[1] for name in known} == {"rollup"}


def test_event_is_given_when_its_type_is_asked_for() -> None:
    assert model_of("bulwark.alerts.fever_detected") is FeverDetected


@pytest.mark.parametrize(
    "kind", ["", "bulwark", "bulwark.alerts.comet_seen", "bulwark.weather.rain_fell", "alerts"]
)
def test_nothing_is_given_when_no_release_knows_the_type(kind: str) -> None:
    assert model_of(kind) is None
