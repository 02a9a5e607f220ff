"""What a subscriber's consumer may be: no filter beyond the rights, no place to write to."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.envelope import subject_of
from shared.nats.subscriber_rights import MOST_INACTIVE, OutsideRights, Rights, consumer_within

HOSPITAL = Rights("alerts", "hospital", "220581", ("fever_detected", "risk_level_changed"))
FEVERS = "events.alerts.fever_detected.22.05.81.>"
NAME = "TQGqE0sDXxClCEN7hsNppb"

TOKENS = st.sampled_from(
    ["events", "alerts", "intake", "fever_detected", "venue_closed", "22", "05", "81", "82", "001"]
)
FILTERS = st.lists(st.one_of(TOKENS, st.sampled_from(["*", ">", "_"])), min_size=1, max_size=10)
# Filters that look like what is allowed, so that some of them are.
NEAR = st.tuples(
    st.sampled_from(["fever_detected", "risk_level_changed", "venue_closed", "*"]),
    st.lists(st.sampled_from(["22", "05", "81", "82", "*", "001", "_"]), max_size=6),
    st.sampled_from([[], [">"]]),
).map(lambda parts: ["events", "alerts", parts[0], *parts[1], *parts[2]])
AREAS = st.sampled_from(["22", "2205", "220581", "220581001", "220581001003", "220581001003001"])


def lets_through(filter_: list[str], subject: list[str]) -> bool:
    """Whether a message on a subject passes a filter, as NATS defines it."""
    if filter_[:1] == [">"]:
        return bool(subject)
    if not filter_ or not subject:
        return filter_ == subject
    return filter_[0] in ("*", subject[0]) and lets_through(filter_[1:], subject[1:])


@pytest.mark.requirement("P2")
@given(st.one_of(NEAR, FILTERS), st.sampled_from(["fever_detected", "venue_closed"]), AREAS)
def test_nothing_beyond_the_rights_passes_when_a_filter_is_allowed(
    filter_: list[str], kind: str, area: str
) -> None:
    subject = subject_of("alerts", kind, area)
    mine = kind in HOSPITAL.types and area.startswith(HOSPITAL.area)
    if HOSPITAL.allows(".".join(filter_)) and lets_through(filter_, subject.split(".")):
        assert mine


@given(AREAS, st.sampled_from(["fever_detected", "venue_closed"]), AREAS)
def test_rights_let_through_exactly_their_area_when_their_subjects_are_filters(
    own: str, kind: str, area: str
) -> None:
    rights = Rights("alerts", "x", own, ("fever_detected",))
    subject = subject_of("alerts", kind, area).split(".")
    passed = any(lets_through(one.split("."), subject) for one in rights.subjects())
    assert passed == (kind == "fever_detected" and area.startswith(own))


def test_rights_come_back_when_they_were_written_into_a_subject() -> None:
    for rights in (HOSPITAL, Rights("intake", "a-1", "220581001003001")):
        assert Rights.of(f"{rights.prefix}.create".split(".")[1:5]) == rights


def test_consumer_has_all_the_rights_when_no_filter_is_said() -> None:
    config = consumer_within({"ack_policy": "none", "deliver_policy": "all"}, HOSPITAL)
    assert config["filter_subjects"] == HOSPITAL.subjects()
    assert (config["mem_storage"], config["num_replicas"]) == (True, 1)
    assert len(config["name"]) >= 20
    assert config["name"] != consumer_within({}, HOSPITAL)["name"]


def test_consumer_is_as_asked_when_it_lies_within_the_rights() -> None:
    asked = {"name": NAME, "filter_subject": FEVERS, "opt_start_seq": 7, "num_replicas": 3}
    config = consumer_within(
        {**asked, "inactive_threshold": 10**18, "metadata": {"a": "b"}}, HOSPITAL
    )
    assert (config["name"], config["filter_subjects"]) == (NAME, [FEVERS])
    assert (config["opt_start_seq"], config["inactive_threshold"]) == (7, MOST_INACTIVE)
    assert not {"metadata", "filter_subject", "durable_name"} & config.keys()


def test_what_is_pushed_passes_where_no_stream_listens_when_an_inbox_is_named() -> None:
    config = consumer_within({"deliver_subject": "_INBOX.abc.def"}, HOSPITAL)
    assert config["deliver_subject"] == "delivery.hospital._INBOX.abc.def"


@pytest.mark.requirement("P2")
@pytest.mark.parametrize(
    "asked",
    [
        {"filter_subject": "events.alerts.>"},
        {"filter_subject": ">"},
        {"filter_subject": "events.alerts.fever_detected.22.05.>"},
        {"filter_subject": "events.alerts.fever_detected.22.05.82.>"},
        {"filter_subject": "events.alerts.*.22.05.81.>"},
        {"filter_subject": "events.*.fever_detected.22.05.81.>"},
        {"filter_subject": "events.intake.screening_recorded.22.05.81.>"},
        {"filter_subject": "events.alerts.fever_detected.22.05.*.>"},
        {"filter_subjects": [FEVERS, "events.alerts.fever_detected.>"]},
        {"filter_subjects": "events.alerts.>"},
        {"filter_subjects": [FEVERS], "filter_subject": "events.alerts.>"},
        {"filter_subject": 7},
        {"filter_subjects": [[">"]]},
        {"deliver_subject": "events.intake.junk"},
        {"deliver_subject": "$JS.API.STREAM.PURGE.INTAKE"},
        {"deliver_subject": {"a": 1}},
        {"deliver_group": "workers"},
        {"durable_name": NAME, "name": NAME},
        {"name": "short"},
        {"name": "health-department-of-the-county"},
        {"name": [NAME]},
        {"inactive_threshold": "long"},
    ],
)
def test_consumer_is_refused_when_it_reaches_beyond_the_rights(asked: dict[str, Any]) -> None:
    with pytest.raises(OutsideRights):
        consumer_within(asked, HOSPITAL)
