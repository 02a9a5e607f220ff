"""The subscriber in JavaScript, run as its reader would, with what npm fetched."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.docs.subscribing import (
    Asked,
    Site,
    every_fault,
    from_a_date,
    javascript,
    no_instant,
    quiet_for_long,
    restored_site,
    running,
)

pytestmark = pytest.mark.requirement("P2")


def test_every_event_is_read_once_when_program_server_and_stream_come_and_go(
    site: Site, tmp_path: Path
) -> None:
    every_fault(site, javascript, tmp_path)


def test_reading_begins_at_a_date_when_one_is_named(site: Site, tmp_path: Path) -> None:
    from_a_date(site, javascript, tmp_path)


def test_program_ends_at_once_when_it_is_to_begin_at_no_instant(tmp_path: Path) -> None:
    no_instant(javascript, tmp_path)


def test_program_ends_when_its_place_means_another_event(site: Site, tmp_path: Path) -> None:
    restored_site(site, javascript, tmp_path)


def test_place_moves_on_when_there_is_nothing_of_ours_for_long(site: Site, tmp_path: Path) -> None:
    quiet_for_long(site, javascript, tmp_path)


def test_program_ends_when_its_account_is_taken_away(site: Site, tmp_path: Path) -> None:
    sent = site.fevers(1)
    site.node.settle()
    with running(*javascript(Asked(site.url, tmp_path / "place.json"))) as program:
        program.until(sent)
        site.unsubscribe()
        assert program.exit_code != 0
        assert "closed for good" in "".join(program.complained)


def test_events_pass_the_sites_schemas_when_they_are_checked(site: Site, tmp_path: Path) -> None:
    def checking(asked: Asked) -> tuple[Sequence[str], Mapping[str, str]]:
        command, environment = javascript(asked)
        schemas = f"http://127.0.0.1:{site.node.instance.port}"
        return [*command, "--schemas", schemas], environment

    sent = site.fevers(2)
    with running(*checking(Asked(site.url, tmp_path / "place.json"))) as program:
        program.until(sent)
        assert not program.complained
