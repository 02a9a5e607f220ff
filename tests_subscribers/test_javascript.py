"""The subscriber in JavaScript, run as its reader would, with what npm fetched."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.docs.subscribing import Asked, Site, every_fault, from_a_date, javascript, running

pytestmark = pytest.mark.requirement("P2")


def test_every_event_is_read_once_when_program_server_and_stream_come_and_go(
    site: Site, tmp_path: Path
) -> None:
    every_fault(site, javascript, tmp_path)


def test_reading_begins_at_a_date_when_one_is_named(site: Site, tmp_path: Path) -> None:
    from_a_date(site, javascript, tmp_path)


def test_events_pass_the_sites_schemas_when_they_are_checked(site: Site, tmp_path: Path) -> None:
    def checking(asked: Asked) -> tuple[Sequence[str], Mapping[str, str]]:
        command, environment = javascript(asked)
        schemas = f"http://127.0.0.1:{site.node.instance.port}"
        return [*command, "--schemas", schemas], environment

    sent = site.fevers(2)
    with running(*checking(Asked(site.url, tmp_path / "place.json"))) as program:
        program.until(sent)
        assert not program.complained
