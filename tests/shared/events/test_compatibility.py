"""What a change of a schema means to readers: only optional additions pass."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events import schema as contract
from shared.events.compatibility import breaks, breaks_of_all
from shared.events.registry import all_events

NAMES = st.sampled_from("abcdefgh")
LEAVES: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(
        [
            {"type": "string"},
            {"type": "integer", "minimum": 0},
            {"type": "number"},
            {"type": "boolean"},
            {"type": "string", "format": "date-time"},
        ]
    ),
    st.lists(NAMES, min_size=1, unique=True).map(lambda v: {"type": "string", "enum": v}),
)


def lists(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return parts.map(lambda one: {"type": "array", "items": one})


def objects(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    @st.composite
    def one(draw: st.DrawFn) -> dict[str, Any]:
        properties = draw(st.dictionaries(NAMES, parts, min_size=1, max_size=4))
        required = sorted(name for name in properties if draw(st.booleans()))
        return {"type": "object", "properties": properties, "required": required}

    return one()


SCHEMAS = objects(
    st.recursive(LEAVES, lambda inner: st.one_of(objects(inner), lists(inner)), max_leaves=6)
)


def all_objects(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Every object in a schema, the inner ones too."""
    found = [schema] if "properties" in schema else []
    inner = [*schema.get("properties", {}).values()]
    for part in [*inner, schema["items"]] if "items" in schema else inner:
        found += all_objects(part)
    return found


def copied(schema: dict[str, Any]) -> dict[str, Any]:
    """A copy in which no two places are the same object, as parts that were drawn may be."""
    new: dict[str, Any] = json.loads(json.dumps(schema))
    return new


def changed(schema: dict[str, Any], which: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """A copy, and one of the objects in it to be changed."""
    new = copied(schema)
    inside = all_objects(new)
    return new, inside[which % len(inside)]


@given(SCHEMAS)
def test_nothing_breaks_when_nothing_changes(schema: dict[str, Any]) -> None:
    assert breaks(schema, copied(schema)) == []


@given(SCHEMAS, SCHEMAS, st.integers(0, 9))
def test_nothing_breaks_when_an_optional_field_is_added_anywhere(
    schema: dict[str, Any], addition: dict[str, Any], which: int
) -> None:
    new, inside = changed(schema, which)
    inside["properties"]["added"] = copied(addition)
    assert breaks(schema, new) == []


@given(SCHEMAS, st.integers(0, 9))
def test_a_reader_breaks_when_a_required_field_is_added(schema: dict[str, Any], which: int) -> None:
    new, inside = changed(schema, which)
    inside["properties"]["added"] = {"type": "string"}
    inside["required"] = [*inside["required"], "added"]
    assert any("is new and required" in line for line in breaks(schema, new))


@given(SCHEMAS, st.integers(0, 9), st.data())
def test_a_reader_breaks_when_a_field_goes_or_is_renamed(
    schema: dict[str, Any], which: int, data: st.DataObject
) -> None:
    new, inside = changed(schema, which)
    name = data.draw(st.sampled_from(sorted(inside["properties"])))
    part = inside["properties"].pop(name)
    if data.draw(st.booleans()):
        inside["properties"][f"{name}_renamed"] = part
    inside["required"] = [one for one in inside["required"] if one != name]
    assert any(line.endswith(f"{name}: removed") for line in breaks(schema, new))


@given(SCHEMAS, st.integers(0, 9), st.data())
def test_a_reader_breaks_when_a_promise_is_made_or_taken_back(
    schema: dict[str, Any], which: int, data: st.DataObject
) -> None:
    new, inside = changed(schema, which)
    name = data.draw(st.sampled_from(sorted(inside["properties"])))
    inside["required"] = sorted({name} ^ set(inside["required"]))
    lines = breaks(schema, new)
    assert len(lines) == 1
    assert f".{name}: is no" in lines[0]


@given(SCHEMAS, st.integers(0, 9), st.data())
def test_a_reader_breaks_when_a_field_is_of_another_type(
    schema: dict[str, Any], which: int, data: st.DataObject
) -> None:
    new, inside = changed(schema, which)
    name = data.draw(st.sampled_from(sorted(inside["properties"])))
    old = inside["properties"][name]
    inside["properties"][name] = {"type": "integer" if old["type"] != "integer" else "string"}
    assert breaks(schema, new)


@given(SCHEMAS, st.integers(0, 9), st.lists(SCHEMAS, max_size=3))
def test_additions_stay_compatible_when_they_follow_each_other(
    schema: dict[str, Any], which: int, additions: list[dict[str, Any]]
) -> None:
    newest = schema
    for number, addition in enumerate(additions):
        newest, inside = changed(newest, which)
        inside["properties"][f"added{number}"] = copied(addition)
    assert breaks(schema, newest) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ({"enum": ["a", "b"]}, {"enum": ["a"]}, "no longer b"),
        ({"enum": ["a"]}, {"enum": ["a", "b"]}, "may now be b"),
        ({"minimum": 0}, {"minimum": 1}, "minimum 0 became 1"),
        ({"maximum": 5}, {}, "maximum 5 became None"),
        ({"type": "string"}, {"type": "string", "pattern": "^a"}, "pattern None became '^a'"),
        ({"anyOf": [{"type": "string"}]}, {"anyOf": [{"type": "integer"}]}, "<0>: type"),
        ({"anyOf": [{}]}, {"anyOf": [{}, {}]}, "2 choices instead of 1"),
        ({"items": {"type": "string"}}, {"items": {"type": "integer"}}, "[]: type"),
        ({"items": {}}, {}, "items removed"),
        ({"additionalProperties": {}}, {"additionalProperties": False}, "[]: {} became False"),
    ],
)
def test_the_fault_is_named_when_values_change(
    old: dict[str, Any], new: dict[str, Any], said: str
) -> None:
    lines = breaks({"properties": {"field": old}}, {"properties": {"field": new}})
    assert len(lines) == 1
    assert lines[0].startswith("$.field")
    assert said in lines[0]


def test_what_is_defined_apart_is_compared_when_it_is_referred_to() -> None:
    old = {"properties": {"f": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"type": "string"}}}
    moved = {"properties": {"f": {"$ref": "#/$defs/B"}}, "$defs": {"B": {"type": "string"}}}
    retyped = {"properties": {"f": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"type": "number"}}}
    assert breaks(old, moved) == []
    assert breaks(old, retyped) == ["$.f: type 'string' became 'number'"]


def test_nothing_breaks_when_only_words_change() -> None:
    assert breaks({"title": "a", "description": "b"}, {"title": "c", "default": 1}) == []


def test_a_reader_breaks_when_an_event_is_gone_but_not_when_one_is_new() -> None:
    schemas = {model.type: contract.schema_of(model) for model in all_events().values()}
    fewer = {name: schemas[name] for name in sorted(schemas)[1:]}
    assert breaks_of_all(fewer, schemas) == []
    assert breaks_of_all(schemas, fewer) == [f"{min(schemas)}: removed"]
