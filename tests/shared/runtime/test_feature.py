"""A service is made of its features: in their order, and none claims what another has."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import MetaData
from starlette.responses import Response

from shared.events.alerts.elections import ElectionScheduled
from shared.events.alerts.risk import RiskLevelChanged
from shared.events.base import Event
from shared.events.envelope import Recorded
from shared.events.intake.cases import CaseReported
from shared.events.intake.screenings import ScreeningRecorded
from shared.http.routes import Routes
from shared.i18n.messages import TEXTS
from shared.metrics.counters import name_of
from shared.runtime.feature import Feature, service
from shared.runtime.service import Service
from shared.writer.handlers import Batched, EventHandler, Tx
from shared.writer.timers import Due

TX = cast("Tx", None)
RECORDED = cast("Recorded[Any]", None)
PATHS = {"a.first": "/things/{id}", "a.second": "/things/{code}"}


def noting(log: list[str], name: str) -> EventHandler:
    def handle(_tx: Tx, _recorded: Recorded[Any]) -> Iterable[Event]:
        log.append(name)
        return cast("list[Event]", [f"event of {name}"])

    return handle


def due(_tx: Tx, _due: Due) -> Iterable[Event]:
    return ()


def in_batches(_tx: Tx, _run: list[Recorded[Any]]) -> Iterable[Event]:
    return ()


def routes(path: str) -> Routes:
    made = Routes("/test", "test", TEXTS)
    made.raw(path, answer, answer, returns={"text/plain": None}, roles=None)
    return made


async def answer(_runtime: Any, _request: Any) -> Response:
    return Response()


def made_of(*features: Feature) -> Service:
    return service("test", features, migrations=Path(), metadata=MetaData())


def test_handlers_run_in_the_order_of_the_features_when_several_react() -> None:
    log: list[str] = []
    found = made_of(
        Feature(package="a", reacts={RiskLevelChanged: noting(log, "first")}),
        Feature(package="b", reacts={ElectionScheduled: noting(log, "other")}),
        Feature(package="c", reacts={RiskLevelChanged: noting(log, "second")}),
    )
    events: list[Any] = list(found.reacts[RiskLevelChanged](TX, RECORDED))
    assert log == ["first", "second"]
    assert events == ["event of first", "event of second"]


def test_a_handler_is_kept_as_it_is_when_no_other_feature_handles_its_event() -> None:
    log: list[str] = []
    reacts, consumes = noting(log, "reacts"), noting(log, "consumes")
    batched = Batched(in_batches)
    found = made_of(
        Feature(package="a", reacts={RiskLevelChanged: reacts}, consumes={CaseReported: consumes}),
        Feature(package="b", consumes={ScreeningRecorded: batched}),
    )
    assert found.reacts == {RiskLevelChanged: reacts}
    assert found.consumes == {CaseReported: consumes, ScreeningRecorded: batched}


def test_consumers_run_in_turn_and_are_counted_by_their_names_when_an_event_has_several() -> None:
    log: list[str] = []
    first, second = noting(log, "first"), noting(log, "second")
    found = made_of(
        Feature(package="a", consumes={CaseReported: first}),
        Feature(package="b", consumes={CaseReported: second}),
    )
    handler = found.consumes[CaseReported]
    assert not isinstance(handler, Batched)
    list(handler(TX, RECORDED))
    assert log == ["first", "second"]
    assert name_of(handler) == f"{name_of(first)}+{name_of(second)}"


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (
            lambda package: Feature(package=package, due={"test.due": due}),
            "a.first and a.second both declare the due kind test.due",
        ),
        (
            lambda package: Feature(
                package=package,
                routes=(routes("/things/{id}" if "first" in package else "/things/{code}"),),
            ),
            r"a.first and a.second both declare the route GET /test/things/\{\}",
        ),
        (
            lambda package: Feature(package=package, consumes={CaseReported: Batched(in_batches)}),
            "a.first and a.second consume .*case_reported.*: none of them may take it in batches",
        ),
    ],
)
def test_service_is_refused_when_two_features_claim_the_same(
    make: Callable[[str], Feature], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        made_of(make("a.first"), make("a.second"))


def test_all_that_features_bring_is_in_the_service_when_it_is_made() -> None:
    def start(_tx: Tx) -> Iterable[Event]:
        return ()

    async def loop(_runtime: Any) -> None:
        return None

    async def collector(_runtime: Any) -> list[Any]:
        return []

    one, whole = routes("/one"), routes("/whole")
    feature = Feature(
        package="services.test.one",
        routes=(one,),
        due={"test.due": due},
        on_start=(start,),
        background=(loop,),
        collectors=(collector,),
    )
    found = service(
        "test",
        (feature,),
        migrations=Path(),
        metadata=MetaData(),
        listens_to=("intake",),
        routes=(whole,),
        indexed=False,
    )
    assert feature.name == "one"
    assert found.routes == (one, whole)
    assert found.due == {"test.due": due}
    assert (found.on_start, found.background, found.collectors) == ((start,), (loop,), (collector,))
    assert (found.listens_to, found.indexed) == (("intake",), False)
