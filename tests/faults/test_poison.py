"""An event that cannot be handled is set aside; its neighbours do not wait."""

from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from time import monotonic
from typing import Any

import orjson
from sqlalchemy import text

from shared.database.engine import Database
from shared.events.envelope import subject_of
from shared.writer.log import AppendBuffer
from tests.faults.load import AREA
from tests.faults.site import Site
from tests.faults.standing import SOURCES
from tests.faults.table import Fault
from tests.support.harness import eventually, new_id

DELAY_SECONDS = 1.0
REFUSING = {
    True: (
        (
            "CREATE TRIGGER refusing BEFORE INSERT ON alerts WHEN NEW.screening_id = '{id}' "
            "BEGIN SELECT RAISE(ABORT, 'refused'); END"
        ),
        "DROP TRIGGER refusing",
    ),
    False: (
        "ALTER TABLE alerts ADD CONSTRAINT refusing CHECK (screening_id <> '{id}')",
        "ALTER TABLE alerts DROP CONSTRAINT refusing",
    ),
}


def _put_into_log(database: Database, kind: str, data: dict[str, Any], *, off: int = 0) -> int:
    """Put a document into intake's log as if a service had written it, `off` from its number."""
    with database.writing() as session:
        page = AppendBuffer(session.connection(), database)
        number = page.head + 1
        document = {
            "specversion": "1.0",
            "id": new_id(),
            "source": "/test/intake",
            "type": f"bulwark.intake.{kind}",
            "time": "2021-01-18T08:00:00+08:00",
            "subject": AREA,
            "datacontenttype": "application/json",
            "sequence": f"{number + off:016d}",
            "correlationid": new_id(),
            "data": data,
        }
        page.add(subject_of("intake", kind, AREA), orjson.dumps(document))
        page.write()
        session.commit()
    return number


def _raising() -> dict[str, Any]:
    """No calendar reaches the end of this case's fortnight: its handler always raises."""
    noon = "2021-01-18T12:00:00+08:00"
    case = {"case_id": new_id(), "status": "confirmed", "confirmed_on": "9999-12-31"}
    return {"area": AREA, "occurred_at": noon, "origin": "local", **case}


def _delay(site: Site) -> float:
    """Seconds from a record's acceptance until alerts and rollup have applied it."""
    assert site.try_one().is_success
    began = monotonic()
    number = site.head("intake")
    eventually(lambda: min(site.place(name, "intake") for name in ("alerts", "rollup")) >= number)
    return monotonic() - began


def _set_aside(site: Site, service: str) -> set[int]:
    return {row.sequence for row in site.dead(service)}


def test_only_the_bad_is_set_aside_when_an_event_cannot_be_handled(
    site: Site, rounds: int, fault: Fault
) -> None:
    """Poison in the log; seconds that a neighbour is delayed."""
    site.post_some(50, seed=14)
    eventually(site.at_rest)
    fault.limit = DELAY_SECONDS
    usual = median(_delay(site) for _ in range(5))
    database = site.databases["intake"]
    shapeless: set[int] = set()
    raising: set[int] = set()
    misnumbered: set[int] = set()
    for _ in range(rounds):
        wrong = {"area": AREA, "nothing": "else"}
        shapeless.add(_put_into_log(database, "screening_voided", wrong))
        raising.add(_put_into_log(database, "case_reported", _raising()))
        _put_into_log(database, "weather_observed", {"area": AREA, "sunny": True})
        misnumbered.add(_put_into_log(database, "weather_observed", {"area": AREA}, off=7))
        fault.times += 4
        fault.seconds.append(max(0.0, _delay(site) - usual))
    site.post_some(200, seed=15)
    eventually(site.at_rest)
    aside = {
        "alerts": shapeless | raising | misnumbered,
        "volunteers": misnumbered,
        "rollup": shapeless | misnumbered,
    }
    assert {name: _set_aside(site, name) for name in SOURCES} == aside
    assert all(row.error for row in site.dead("alerts"))
    site.processes["alerts"].kill()
    site.processes["alerts"].start()
    site.wait_ready("alerts")
    site.post_some(50, seed=16)
    site.check(dead={name: len(found) for name, found in aside.items()})
    assert {name: _set_aside(site, name) for name in SOURCES} == aside


@contextmanager
def _refusing(site: Site, screening_id: str) -> Iterator[None]:
    """While the block runs, the database of alerts refuses the alert of a screening."""
    begin, end = REFUSING[site.is_sqlite]
    engine = site.databases["alerts"].write_engine
    with engine.begin() as connection:
        connection.execute(text(begin.format(id=screening_id)))
    try:
        yield
    finally:
        with engine.begin() as connection:
            connection.execute(text(end))


def test_event_is_applied_by_command_when_what_refused_it_is_gone(site: Site, fault: Fault) -> None:
    """Poison put back by `bulwark dead retry`."""
    site.post_some(50, seed=17)
    eventually(site.at_rest)
    before = {name: len(site.dead(name)) for name in SOURCES}
    for_good = before["alerts"]
    refused = new_id()
    with _refusing(site, refused):
        assert site.try_one(refused).is_success
        fault.times += 1
        eventually(site.at_rest)
        *_, row = site.dead("alerts")
        assert (row.sequence, row.tries) == (site.head("intake"), 1)
        assert refused.encode() in row.document
        done = site.command("dead", "retry")
        assert done.returncode == 1, done.stderr
        assert f"alerts: 0 条已处理,{for_good + 1} 条仍有错" in done.stdout
        *_, row = site.dead("alerts")
        assert row.tries == 2
    with fault.recovering():
        done = site.command("dead", "retry")
        assert done.returncode == (1 if any(before.values()) else 0), done.stderr
        assert f"alerts: 1 条已处理,{for_good} 条仍有错" in done.stdout
        eventually(site.at_rest)
    site.check(in_order=False, dead=before)
