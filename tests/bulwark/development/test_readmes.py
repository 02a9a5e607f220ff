"""The README of a service says what its code declares."""

import pytest

from bulwark.development import readmes
from bulwark.registry import SERVICES
from shared.runtime.feature import Feature


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_readme_is_the_one_that_the_code_makes_when_compared(service: str) -> None:
    kept = (readmes.FOLDER / service / "README.md").read_text(encoding="utf-8")
    assert kept == readmes.readme(service), "make generated"


def test_readme_tells_noun_requirements_and_events_when_a_feature_has_them() -> None:
    line = next(one for one in readmes.readme("alerts").splitlines() if "[elections]" in one)
    assert "换届选举" in line
    assert "| D4 |" in line
    assert "`election_paused`" in line.split("|")[-2]
    assert "`risk_level_changed`" in line.split("|")[-3]


def test_readme_is_refused_when_a_feature_names_no_requirement(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stranger = Feature(package="services.alerts.schema")
    monkeypatch.setattr("services.alerts.main.FEATURES", (stranger,))
    with pytest.raises(ValueError, match=r"services\.alerts\.schema"):
        readmes.readme("alerts")
