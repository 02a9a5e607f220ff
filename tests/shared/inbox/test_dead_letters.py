"""Events that cannot be applied become dead letters, delay no other, and can be replayed."""

from typing import Any

import orjson
import pytest
from sqlalchemy import select

from shared.inbox.dead_letters import dead_letters
from shared.inbox.retry import Replay
from shared.runtime.runtime import Runtime
from tests.support.core.pair import (
    append,
    applied_numbers,
    dead_lettered,
    document_of,
    logged,
    noted,
    unknown_type,
)
from tests.support.core.reading import Pair
from tests.support.core.stage import metric
from tests.support.harness import eventually

pytestmark = pytest.mark.requirement("P1")


def wrong_shape(number: int) -> bytes:
    return document_of(noted(1), number).replace(b'"number":1', b'"number":"many"')


def test_only_bad_events_are_dead_lettered_when_they_stand_among_good_ones(
    pair: Pair, logs: list[Any]
) -> None:
    pair.whims.poison, pair.whims.echo = {77}, True
    before = metric("bulwark_dead_letters_total", service="sink", source="source")
    append(pair.source_database, *[noted(number) for number in range(10)])  # 1 to 10
    append(
        pair.source_database,
        wrong_shape(11),
        noted(77),
        unknown_type(13),
        b"no event at all",
        document_of(noted(5), 99),
        noted(16),
    )
    append(pair.source_database, *[noted(number) for number in range(17, 60)])
    pair.start_sink()
    bad = (11, 12, 14, 15)
    eventually(pair.caught_up)
    assert dead_lettered(pair.sink_database) == list(bad)
    found = [sequence for sequence, _ in applied_numbers(pair.sink_database)]
    assert found == [n for n in range(1, 60) if n not in (*bad, 13)]
    echoes = [
        orjson.loads(document)["data"]["number"] for _, document in logged(pair.sink_database)
    ]
    assert 77 not in echoes
    assert len(echoes) == len(found)
    after = metric("bulwark_dead_letters_total", service="sink", source="source")
    assert after - before == len(bad)
    assert len([entry for entry in logs if entry["event"] == "event.dead_lettered"]) == len(bad)
    # What the log itself holds is no damage of the stream.
    assert not pair.has_logged("relay.rebuild", logs)
    broadcasts = [r.data.number for r in _kept(pair.sink) if r.data.service == "source"]
    assert 77 not in broadcasts


def _kept(runtime: Runtime) -> list[Any]:
    return [one for kept in runtime.live._history.values() for _, one in kept.events]


def test_dead_letters_are_replayed_when_their_cause_is_mended(pair: Pair) -> None:
    pair.whims.poison = {3, 6}
    pair.start_sink()
    append(pair.source_database, *[noted(number) for number in range(1, 9)], b"no event at all")
    pair.source.relay.wake()
    eventually(pair.caught_up)
    assert dead_lettered(pair.sink_database) == [3, 6, 9]
    pair.whims.poison = {6}
    assert pair.stage.submit(pair.sink, Replay()) == [(1, 2)]
    assert dead_lettered(pair.sink_database) == [6, 9]
    assert applied_numbers(pair.sink_database)[-1] == (3, 3)
    with pair.sink_database.reading() as session:
        query = select(dead_letters.c.tries).order_by(dead_letters.c.id)
        assert list(session.execute(query).scalars()) == [2, 2]
    pair.whims.poison = set()
    assert pair.stage.submit(pair.sink, Replay()) == [(1, 1)]
    assert sorted(applied_numbers(pair.sink_database)) == [(n, n) for n in range(1, 9)]
    assert pair.stage.submit(pair.sink, Replay()) == [(0, 1)]
