"""Whatever order events come in, and however often, alerts ends in the same state. A3, A4, D1."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bulwark.data_folder import Folder
from services.alerts.fevers.tables import Alert
from services.alerts.main import SERVICE
from services.alerts.risk.situations import situations
from services.alerts.risk.tables import CaseFacts, Proposal
from shared.clock.clock import CST, VirtualClock
from shared.database.engine import Database
from shared.events.base import Event
from shared.events.envelope import Recorded, decode, parse
from shared.events.intake.cases import CaseReported
from shared.events.intake.screenings import ScreeningRecorded, ScreeningVoided
from shared.runtime.migrations import migrate
from shared.site import Site
from shared.writer.handlers import Batched
from shared.writer.log import events
from shared.writer.transaction import Transaction
from shared.writer.writer import Writer

NOW = datetime(2021, 1, 18, 8, tzinfo=CST)
COMMUNITIES = ("220581001001", "220581001002", "220581002001")


def made_id(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, name))


@dataclass
class Hear:
    """Work for the writer: one event of intake is heard."""

    recorded: Recorded[Any]
    size: int = 1

    def run(self, tx: Transaction, *, isolate: bool) -> None:
        handler = SERVICE.consumes[type(self.recorded.data)]
        if isinstance(handler, Batched):
            tx.append(handler.handle(tx, [self.recorded]))
        else:
            tx.append(handler(tx, self.recorded))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = Folder(tmp_path_factory.mktemp("site"))
    folder.prepare()
    site = folder.site("test", VirtualClock(NOW))
    yield site
    site.areas.close()
    site.vault.close()


def heard(number: int, data: Event) -> Recorded[Any]:
    return Recorded(made_id(f"event {number}"), "intake", number, NOW, data)


def case(number: int, name: int, **facts: Any) -> Recorded[Any]:
    values = {"status": "confirmed", "origin": "local", "area": COMMUNITIES[0], **facts}
    event = CaseReported(
        case_id=made_id(f"case {name}"), occurred_at=NOW + timedelta(minutes=number), **values
    )
    return heard(number, event)


def screening(number: int, name: int, model: Any = ScreeningRecorded) -> Recorded[Any]:
    voided = {"screened_at": NOW} if model is ScreeningVoided else {}
    event = model(
        area=COMMUNITIES[0],
        occurred_at=NOW,
        screening_id=made_id(f"screening {name}"),
        place_kind="home",
        temperature_c=38.0,
        **voided,
    )
    return heard(number, event)


STORY = [
    case(1, 1, status="suspected"),
    case(2, 1, confirmed_on="2021-01-16"),
    case(3, 2, origin="unknown", linked_to=[made_id("case 1")]),
    case(4, 3, origin="unknown", area=COMMUNITIES[1]),
    case(5, 4, area=COMMUNITIES[2]),
    case(6, 4, area=COMMUNITIES[2], origin="imported"),
    case(7, 2, status="recovered", origin="unknown", linked_to=[made_id("case 1")]),
    case(8, 5, origin="unknown"),
    screening(9, 1),
    screening(10, 1, ScreeningVoided),
    screening(11, 2),
]


def end_state(site: Site, folder: Path, story: Iterable[Recorded[Any]]) -> dict[str, Any]:
    """What alerts holds after these events; every log is without doubles."""
    path = folder / "alerts.db"
    path.unlink(missing_ok=True)
    database = Database(f"sqlite:///{path}")
    migrate(SERVICE, database)
    writer = Writer(SERVICE, site, database)
    for recorded in story:
        (outcome,) = writer.apply([Hear(recorded)]).outcomes
        assert outcome is None
    with database.reading() as session:
        documents = session.scalars(select(events.c.document)).all()
        logged = [decode(parse(bytes(document))) for document in documents]
        ids = [recorded.id for recorded in logged if recorded]
        assert len(ids) == len(set(ids))
        facts = {row.case_id: row for row in session.scalars(select(CaseFacts))}
        waiting = select(Proposal).where(Proposal.status == "open")
        found = {
            "cases": {
                key: (row.area, row.counts_as, row.confirmed_on, row.origin, row.because)
                for key, row in facts.items()
            },
            "proposals": {
                row.area: (row.level, sorted(row.evidence)) for row in session.scalars(waiting)
            },
            "situations": situations(session, ""),
            "alerts": {
                row.screening_id: (row.id, row.status, row.outcome)
                for row in session.scalars(select(Alert))
            },
        }
    database.close()
    return found


@pytest.mark.requirement("A4")
@settings(
    max_examples=12,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(random=st.randoms(use_true_random=False))
def test_state_is_the_same_when_events_are_shuffled_and_repeated(
    site: Site, tmp_path: Path, random: Any
) -> None:
    expected = end_state(site, tmp_path, STORY)
    assert expected["proposals"] == {
        area: ("medium", sorted(made_id(f"case {name}") for name in names))
        for area, names in {
            COMMUNITIES[0]: (1, 2, 5),
            COMMUNITIES[1]: (3,),
            "220581001": (1, 2, 3, 5),
            "220581": (1, 2, 3, 5),
        }.items()
    }
    assert expected["situations"] == {
        COMMUNITIES[0]: "spread",
        COMMUNITIES[1]: "cases_or_outbreak",
        COMMUNITIES[2]: "cases_or_outbreak",
    }
    assert [status for _, status, _ in expected["alerts"].values()] == ["resolved", "open"]
    repeated = [*STORY, *random.sample(STORY, 4)]
    random.shuffle(repeated)
    assert end_state(site, tmp_path, repeated) == expected
