"""An event that cannot be handled is set aside; its neighbours do not wait."""

from typing import Any

import orjson

from shared.db import Database
from shared.events import subject_of
from shared.log import Page
from tests.faults.site import AREA, Site
from tests.harness import eventually, new_id


def _put_into_log(database: Database, kind: str, data: dict[str, Any]) -> int:
    """Put a document into intake's log as if a service had written it."""
    with database.writing() as session:
        page = Page(session.connection(), database)
        number = page.head + 1
        document = {
            "specversion": "1.0",
            "id": new_id(),
            "source": "/test/intake",
            "type": f"bulwark.intake.{kind}",
            "time": "2021-01-18T08:00:00+08:00",
            "subject": AREA,
            "datacontenttype": "application/json",
            "sequence": f"{number:016d}",
            "correlationid": new_id(),
            "data": data,
        }
        page.add(subject_of("intake", kind, AREA), orjson.dumps(document))
        page.write()
        session.commit()
    return number


def test_only_the_bad_is_set_aside_when_an_event_cannot_be_handled(site: Site) -> None:
    site.post_some(50, seed=14)
    eventually(site.at_rest)
    database = site.databases["intake"]
    misshapen = _put_into_log(database, "screening_recorded", {"area": AREA, "nothing": "else"})
    # No calendar reaches the day on which this case's fortnight ends: its handler always raises.
    case = {"case_id": new_id(), "status": "confirmed", "confirmed_on": "9999-12-31"}
    noon = "2021-01-18T12:00:00+08:00"
    raising = _put_into_log(
        database, "case_reported", {"area": AREA, "occurred_at": noon, "origin": "local", **case}
    )
    _put_into_log(database, "weather_observed", {"area": AREA, "sunny": True})
    site.post_some(200, seed=15)
    eventually(site.at_rest)
    assert {row.sequence for row in site.dead("alerts")} == {misshapen, raising}
    assert {row.sequence for row in site.dead("rollup")} == {misshapen}
    assert all(row.error for row in site.dead("alerts"))
    found = {row.sequence for row in site.dead("alerts")}
    site.processes["alerts"].kill()
    site.processes["alerts"].start()
    site.wait_ready("alerts")
    site.post_some(50, seed=16)
    eventually(site.at_rest)
    assert {row.sequence for row in site.dead("alerts")} == found
    fevers = [d for _, d in site.log("alerts") if b'"bulwark.alerts.fever_detected"' in d]
    assert len(fevers) == len(site.ledger.fevers)
    assert site.figures()["fevers"] == len(site.ledger.fevers)
