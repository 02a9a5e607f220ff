"""The envelope: what is written is read back, ids are derived, subjects follow the area."""

import datetime as dt
from collections.abc import Callable
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID, uuid4

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AwareDatetime, BaseModel

from shared.events.alerts.fevers import FeverDetected
from shared.events.alerts.venues import VenueClosed, VenueOpened
from shared.events.base import AreaCode, Cause, Event, Id
from shared.events.envelope import (
    MalformedEvent,
    Recorded,
    decode,
    encode,
    parse,
    position_of,
    subject_of,
)
from shared.events.examples import example_of
from shared.events.intake.screenings import ScreeningRecorded
from shared.events.registry import all_events
from shared.events.vocabulary import PlaceId

SITE = "220581"
EVENT_ID = "0177134b-a000-7000-8000-000000000001"
TIME = "2021-01-18T08:00:01+08:00"
LENGTHS = (2, 4, 6, 9, 12, 15)

area_codes = st.sampled_from(LENGTHS).flatmap(
    lambda length: st.text("0123456789", min_size=length, max_size=length)
)
ids = st.uuids().map(str)
instants = st.builds(
    lambda seconds, micros, minutes: dt.datetime.fromtimestamp(
        seconds, tz=dt.timezone(dt.timedelta(minutes=minutes))
    ).replace(microsecond=micros),
    st.integers(1_577_836_800, 1_893_456_000),
    st.integers(0, 999_999),
    st.integers(-12 * 60, 14 * 60),
)


def numbers(hint: Any) -> st.SearchStrategy[Any]:
    """Numbers within the bounds that a constrained number carries."""
    (field,) = hint.__metadata__
    low = next(getattr(rule, "ge", getattr(rule, "gt", None)) for rule in field.metadata)
    high = next(rule.le for rule in field.metadata if hasattr(rule, "le"))
    if get_args(hint)[0] is int:
        return st.integers(low, high)
    above = any(hasattr(rule, "gt") for rule in field.metadata)
    return st.floats(low, high, exclude_min=above)


def fitting(hint: Any) -> st.SearchStrategy[Any]:
    """Values that fit the annotation of an event's field."""
    known = {
        AreaCode: area_codes,
        Id: ids,
        PlaceId: st.from_regex(r"[0-9A-Za-z][0-9A-Za-z._:-]{0,63}", fullmatch=True),
        AwareDatetime: instants,
        dt.date: st.dates(),
        str: st.text(max_size=60),
        bool: st.booleans(),
        type(None): st.none(),
    }
    if hint in known:
        return known[hint]
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return built(hint)
    origin, args = get_origin(hint), get_args(hint)
    made: dict[Any, Callable[[], st.SearchStrategy[Any]]] = {
        Union: lambda: st.one_of(*map(fitting, args)),
        UnionType: lambda: st.one_of(*map(fitting, args)),
        Literal: lambda: st.sampled_from(args),
        tuple: lambda: st.lists(fitting(args[0]), max_size=4).map(tuple),
        dict: lambda: st.dictionaries(st.text(max_size=9), fitting(args[1]), max_size=3),
        Annotated: lambda: st.text(min_size=1, max_size=60) if args[0] is str else numbers(hint),
    }
    return made[origin]()


def built(model: type[BaseModel]) -> st.SearchStrategy[Any]:
    """Models of a type, with every field varied."""
    hints = get_type_hints(model, include_extras=True)
    return st.builds(model, **{name: fitting(hints[name]) for name in model.model_fields})


def written(event: Event, *, drill: bool = False) -> bytes:
    return encode(event, EVENT_ID, 7, TIME, SITE, drill=drill)


def caused(event: Event, cause_id: str) -> Event:
    """The event as it follows from a cause."""
    cause = Cause(
        type="bulwark.intake.case_reported",
        id=cause_id,
        area=event.area[:12],
        occurred_at=event.occurred_at,
    )
    return event.model_copy(update={"because": (cause,)})


@pytest.mark.requirement("P2")
@pytest.mark.parametrize("event_type", sorted(all_events()))
@settings(max_examples=10)
@given(data=st.data())
def test_event_is_the_same_when_written_and_read_back(event_type: str, data: st.DataObject) -> None:
    event = data.draw(built(all_events()[event_type]))
    sequence = data.draw(st.integers(1, 10**15))
    event_id = data.draw(ids)
    document = encode(event, event_id, sequence, TIME, SITE, drill=False)
    assert decode(parse(document)) == Recorded(
        event_id, event.service, sequence, dt.datetime.fromisoformat(TIME), event
    )
    assert position_of(parse(document)) == (event.service, sequence)


@pytest.mark.requirement("P2")
@pytest.mark.parametrize("event_type", sorted(all_events()))
def test_document_is_a_cloud_event_when_written(event_type: str) -> None:
    event = example_of(all_events()[event_type])
    document = orjson.loads(written(event))
    causation = {"causationid": event.because[-1].id} if event.because else {}
    assert document == {
        "specversion": "1.0",
        "id": EVENT_ID,
        "source": f"/{SITE}/{event.service}",
        "type": event_type,
        "time": TIME,
        "subject": event.area,
        "datacontenttype": "application/json",
        "dataschema": f"urn:bulwark:{event.service}:{event.name}:1",
        "sequence": "0000000000000007",
        "correlationid": event.because[0].id if event.because else EVENT_ID,
        "data": event.model_dump(mode="json", exclude_none=True),
        **causation,
    }


@pytest.mark.requirement("V9")
def test_document_is_marked_when_it_is_of_a_drill() -> None:
    event = example_of(FeverDetected)
    assert orjson.loads(written(event, drill=True))["drill"] is True
    assert "drill" not in orjson.loads(written(event))
    drilled = decode(parse(written(event, drill=True)))
    assert drilled is not None
    assert drilled.data == event


@settings(max_examples=50)
@given(area=area_codes)
def test_subject_spells_the_area_when_it_has_any_length(area: str) -> None:
    subject = subject_of("alerts", "fever_detected", area)
    events, service, name, *tokens = subject.split(".")
    assert (events, service, name) == ("events", "alerts", "fever_detected")
    assert len(tokens) == len(LENGTHS)
    present = LENGTHS.index(len(area)) + 1
    assert "".join(tokens[:present]) == area
    assert tokens[present:] == ["_"] * (len(LENGTHS) - present)


def test_subject_is_the_contracts_when_the_area_is_a_county() -> None:
    expected = "events.alerts.risk_level_changed.22.05.81._._._"
    assert subject_of("alerts", "risk_level_changed", "220581") == expected


@pytest.mark.parametrize("event_type", sorted(all_events()))
@settings(max_examples=5)
@given(one=ids, other=ids)
def test_derived_id_follows_cause_and_key_alone_when_made(
    event_type: str, one: str, other: str
) -> None:
    event = example_of(all_events()[event_type])
    derived = caused(event, one).derived_id()
    assert UUID(derived).version == 5
    assert derived == caused(event, one).derived_id()
    assert (derived == caused(event, other).derived_id()) == (one == other)
    later = event.occurred_at + dt.timedelta(seconds=1)
    if "occurred_at" not in event.key:
        again = caused(event, one).model_copy(update={"occurred_at": later})
        assert again.derived_id() == derived


@pytest.mark.parametrize("event_type", sorted(all_events()))
@settings(max_examples=5)
@given(data=st.data())
def test_derived_ids_differ_when_the_key_does(event_type: str, data: st.DataObject) -> None:
    model = all_events()[event_type]
    event = caused(example_of(all_events()[event_type]), str(UUID(int=1)))
    hints = get_type_hints(model, include_extras=True)
    for field in model.key or ("area",):
        changed = event.model_copy(update={field: data.draw(fitting(hints[field]))})
        same = getattr(changed, field) == getattr(event, field)
        assert (changed.derived_id() == event.derived_id()) == same


def test_derived_ids_differ_when_one_cause_makes_two_kinds() -> None:
    closed = caused(example_of(VenueClosed), str(UUID(int=1)))
    opened = caused(example_of(VenueOpened), str(UUID(int=1)))
    assert closed.derived_id() != opened.derived_id()


def test_line_of_causes_keeps_the_first_and_the_latest_when_it_is_long() -> None:
    event = example_of(ScreeningRecorded)
    grid = event.model_copy(update={"area": "220581001003007"})
    first = Recorded(str(uuid4()), "intake", 1, event.occurred_at, grid)
    line = first.causes("2021-01#fever.threshold_c")
    assert [(step.area, step.policy) for step in line] == [
        ("220581001003", "2021-01#fever.threshold_c")
    ]
    for step in range(2, 12):
        follower = grid.model_copy(update={"because": line})
        line = Recorded(str(UUID(int=step)), "intake", step, event.occurred_at, follower).causes()
    assert len(line) == 8
    assert [step.id for step in line] == [
        first.id,
        *(str(UUID(int=step)) for step in range(5, 12)),
    ]


def test_type_is_passed_over_when_this_release_does_not_know_it() -> None:
    document = orjson.loads(written(example_of(VenueClosed)))
    newer = {**document, "type": "bulwark.alerts.comet_seen", "data": {"tail": 3}}
    assert decode(newer) is None


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"junk",
        b"[]",
        b"7",
        b"null",
        b'"text"',
        b"{}",
        b'{"source": "intake", "sequence": "1"}',
        b'{"source": "/x/intake", "sequence": "one"}',
        b'{"source": "/x/intake", "sequence": null}',
        b'{"source": 5, "sequence": "1"}',
    ],
)
def test_document_is_refused_when_it_is_no_envelope(document: bytes) -> None:
    with pytest.raises(MalformedEvent):
        position_of(parse(document))
    with pytest.raises(MalformedEvent):
        decode(parse(document))


@pytest.mark.parametrize(
    "changed",
    [
        {"data": {}},
        {"data": None},
        {"data": "text"},
        {"time": "yesterday"},
        {"time": None},
        {"data": {"area": "220581", "occurred_at": "2021-01-18T08:00:00"}},
    ],
)
def test_document_is_refused_with_its_type_when_the_data_do_not_fit(
    changed: dict[str, object],
) -> None:
    document = {**orjson.loads(written(example_of(VenueClosed))), **changed}
    with pytest.raises(MalformedEvent, match=r"bulwark\.alerts\.venue_closed"):
        decode(document)


def test_what_stood_there_is_not_told_when_the_data_do_not_fit() -> None:
    envelope = orjson.loads(written(example_of(ScreeningRecorded)))
    envelope["data"]["temperature_c"] = "张三"
    with pytest.raises(MalformedEvent, match="temperature_c: ") as told:
        decode(envelope)
    assert "张三" not in str(told.value)


def test_absent_fields_are_not_written_when_they_have_no_value() -> None:
    event = ScreeningRecorded(
        area="220581001003",
        occurred_at=dt.datetime.fromisoformat(TIME),
        screening_id=str(UUID(int=3)),
        place_kind="home",
        unmeasured_reason="设备故障",
    )
    data = orjson.loads(written(event))["data"]
    assert data["unmeasured_reason"] == "设备故障"
    assert not {"temperature_c", "person_id", "health_code", "direction"} & set(data)
